"""What a user owns routes and answers that user's questions, and shows in nothing that is said to anybody else."""

from dataclasses import replace
from pathlib import Path

import pytest

from agents.catalog import read_catalog
from agents.routing.router import RoutingQuestion
from agents.routing.semantic import SemanticRouter
from knowledge.library import Library
from knowledge.retrieval.search import Searcher
from knowledge.storage.documents import DocumentKey
from tests.agents.conversation import Turn, open_desk
from tests.agents.scripted import ScriptedModel
from tests.streaming_model import writes

# Of a hybrid, a retrieving and a whole-document agent, with what the agent is called in its prompt.
AGENTS = {"billing": "billing", "technical": "technical support", "compliance": "compliance"}
SECRET = "# Falconry\n\nThe falcon Quetzal in the aviary is fed seven mice at dawn by the falconer.\n"
ASKED = "When is the falcon Quetzal fed in the aviary, and with how many mice?"


async def own(library: Library, folder: str) -> None:
    """Alice's, in an agent's folder."""
    await library.put(DocumentKey(folder, "test", "falconry.md", "alice"), SECRET.encode())


def told(turn: Turn) -> list[dict[str, object]]:
    """All that a client is told but for what differs each time."""
    return [event.model_dump(exclude={"step_id", "parent_id", "latency_ms"}) for event in turn.events]


@pytest.mark.parametrize("folder", AGENTS)
@pytest.mark.parametrize("other", ["", "bob"])
async def test_routing_follows_what_the_asker_owns_alone(library: Library, folder: str, other: str) -> None:
    router, agents = SemanticRouter(library.embedder, Searcher(library)), read_catalog("customer_support").agents
    earlier = ("Tell me about mice", "And about falcons?")
    question = RoutingQuestion(ASKED, "", earlier, other)
    before = await router.choose_agents(question, agents)
    await own(library, folder)
    after = await router.choose_agents(question, agents)
    assert replace(after, found=()) == replace(before, found=())
    for found, earlier_found in zip(after.found, before.found, strict=True):
        assert (found.passages, found.signals, found.asked) == (
            earlier_found.passages,
            earlier_found.signals,
            earlier_found.asked,
        )
    assert (await router.choose_agents(RoutingQuestion(ASKED, "", earlier, "alice"), agents)).agents == (folder,)


@pytest.mark.parametrize("folder", AGENTS)
@pytest.mark.parametrize("threshold", [0.0, 1.0])
async def test_an_answer_tells_nothing_of_what_others_own(
    library: Library, tmp_path: Path, folder: str, threshold: float
) -> None:
    """Answered, and declined with the titles of the closest documents."""
    model = ScriptedModel(tokens={name: ["At dawn. [1]"] for name in [*AGENTS.values(), "general"]})
    async with open_desk(library, writes(model), tmp_path, threshold) as desk:
        before = told(await desk.ask(ASKED, "before", owner="bob"))
        await own(library, folder)
        assert told(await desk.ask(ASKED, "after", owner="bob")) == before
        mine = await desk.ask(ASKED, "mine", owner="alice")
    assert "Falconry" in str(told(mine))
    assert "Falconry" not in str(before)


async def test_a_thread_that_goes_on_with_another_user_keeps_nothing_of_the_first(
    library: Library, tmp_path: Path
) -> None:
    await own(library, "billing")
    model = ScriptedModel(tokens={"billing": ["Noted. [1]"]})
    async with open_desk(library, writes(model), tmp_path, 0.0) as desk:
        await desk.ask(ASKED, owner="alice")
        first = await desk.kept("billing")
        await desk.ask("Is a duplicate charge refunded, and within how many days?", owner="bob")
        second = await desk.kept("billing")
    assert ["Quetzal" in messages[0].text for messages in model.prompts] == [True, False]
    assert len(set(first) - set(second)) == 1
