"""An answer that was cut off goes on in another process: whole, and no agent that had finished is asked again."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from agents.assistant import AnswerOutcome
from agents.assistant import AssistantRequest as Asked
from agents.errors import AnswerGivenUp
from backend.storage.sql.checkpoints import CheckpointStore
from frontdesk.contracts.events import Event, Handoff, Reset, Sources, Token
from knowledge.library import Library
from tests.agents.conversation import Turn, open_desk
from tests.agents.failing_checkpoints import DyingMemory
from tests.agents.scripted import ScriptedModel
from tests.streaming_model import writes

FIRST = "How much is the Starter plan per month?"
BOTH = "How much is the Team plan per month, and where is customer data stored?"
PERSON = "I want to talk to a person, please."
UNKNOWN = "Which wine goes with roast duck?"
TOKENS = {"billing": ["12 USD ", "[1]."], "compliance": ["In Frankfurt ", "[1]."]}
SECTIONS = ("**Billing**\n\n12 USD [n].", "**Compliance and privacy**\n\nIn Frankfurt [n].")
WHOLE = ("\n\n".join(SECTIONS), "\n\n".join(reversed(SECTIONS)))
# A turn of two agents stores less often than this.
MOST = 16


def text_of(events: Sequence[Event]) -> str:
    """What a client has heard since the last reset."""
    last = max((number for number, event in enumerate(events) if isinstance(event, Reset)), default=-1)
    return "".join(event.content for event in events[last + 1 :] if isinstance(event, Token))


def cited(events: Sequence[Event], statement: str) -> set[int]:
    """The numbers behind a statement."""
    return {int(number) for number in re.findall(rf"{statement} \[(\d+)\]", text_of(events))}


def told(events: Sequence[Event], agent: str) -> set[int]:
    """The numbers of the sources that an agent told last."""
    told = [event.sources for event in events if isinstance(event, Sources) and event.agent == agent]
    return {source.id for source in told[-1]}


def unnumbered(text: str) -> str:
    return re.sub(r"\[\d+\]", "[n]", text)


async def cut_off(library: Library, model: ScriptedModel, memory: Path, stored: int) -> Turn:
    """The second turn of a conversation, of whose progress only the first so many steps were stored."""
    async with open_desk(library, writes(model), memory) as desk:
        await desk.hear(Asked(FIRST, "t", "first"))
        graph = desk.assistant.graph
        graph.checkpointer = DyingMemory(cast(CheckpointStore, graph.checkpointer), stored)
        return await desk.hear(Asked(BOTH, "t", "second"))


@pytest.mark.parametrize("stored", range(MOST))
async def test_an_answer_of_two_goes_on_from_anywhere(library: Library, tmp_path: Path, stored: int) -> None:
    model = ScriptedModel(tokens=TOKENS)
    before = await cut_off(library, model, tmp_path, stored)
    said = before.text[:20]
    async with open_desk(library, writes(model), tmp_path) as desk:
        after = await desk.hear(Asked(BOTH, "t", "second", said=said))
        remembered = [message.text for message in await desk.messages()]
    events = after.events
    whole = text_of([Token(content=said, agent="billing"), *after.events])
    assert unnumbered(whole) in WHOLE
    assert after.outcome
    assert after.outcome.support
    assert after.outcome == AnswerOutcome(
        "stop", False, {"support": after.outcome.support.model_dump()}, after.outcome.support
    )
    judged = {unnumbered(whole[sentence.start : sentence.end]) for sentence in after.outcome.support.sentences}
    assert judged == {"12 USD [n].", "In Frankfurt [n]."}
    assert cited(events, "12 USD") <= told(events, "billing")
    assert cited(events, "In Frankfurt") <= told(events, "compliance")
    assert cited(events, "12 USD") != cited(events, "In Frankfurt")
    assert remembered[:3] == [FIRST, "12 USD [1].", BOTH]
    assert [unnumbered(text) for text in remembered[3:]] == [unnumbered(text_of(after.events))]


@pytest.mark.parametrize("heard", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("question", [BOTH, PERSON, UNKNOWN, "Hello"])
async def test_an_answer_whose_end_alone_is_missing_asks_nobody(
    library: Library, tmp_path: Path, question: str, heard: float
) -> None:
    model = ScriptedModel(tokens=TOKENS)
    async with open_desk(library, writes(model), tmp_path) as desk:
        before = await desk.hear(Asked(question, "t", "run"))
    asked, said = len(model.prompts), before.text[: int(len(before.text) * heard)]
    async with open_desk(library, writes(model), tmp_path) as desk:
        after = await desk.hear(Asked(question, "t", "run", said=said))
        remembered = [message.text for message in await desk.messages()]
    assert len(model.prompts) == asked
    assert text_of([Token(content=said, agent="any"), *after.events]) == before.text
    assert len(after.of(Reset)) == (heard == 0.5)
    # The log may have lost what was told at the very end.
    assert after.of(Handoff) == before.of(Handoff)
    assert after.of(Sources) == before.of(Sources)
    assert remembered == [question, before.text]
    assert after.outcome == before.outcome


@pytest.mark.parametrize("stored", range(MOST))
async def test_an_answer_that_is_given_up_anywhere_leaves_a_whole_conversation(
    library: Library, tmp_path: Path, stored: int
) -> None:
    model = ScriptedModel(tokens=TOKENS)
    await cut_off(library, model, tmp_path, stored)
    async with open_desk(library, writes(model), tmp_path) as desk:
        await desk.assistant.leave(Asked(BOTH, "t", "second"), "so far")
        after = await desk.hear(Asked(FIRST, "t", "third"))
        remembered = [message.text for message in await desk.messages()]
    assert after.text == "12 USD [1]."
    assert remembered[:2] == [FIRST, "12 USD [1]."]
    assert remembered[-2:] == [FIRST, "12 USD [1]."]
    # Nothing is known of a turn of which nothing was stored, and one that had ended is as it was.
    given_up = [unnumbered(text) for text in remembered[2:-2]]
    assert given_up in ([[BOTH, "so far"], [BOTH, WHOLE[0]], [BOTH, WHOLE[1]]] if stored else [[]])


@pytest.mark.parametrize("stored", [1, 4, 7])
async def test_an_answer_that_was_given_up_does_not_go_on(library: Library, tmp_path: Path, stored: int) -> None:
    model = ScriptedModel(tokens=TOKENS)
    await cut_off(library, model, tmp_path, stored)
    heard = Turn()
    async with open_desk(library, writes(model), tmp_path) as desk:
        await desk.assistant.leave(Asked(BOTH, "t", "second"), "so far")
        asked = len(model.prompts)
        with pytest.raises(AnswerGivenUp):
            await desk.hear(Asked(BOTH, "t", "second", said="so far"), heard)
        remembered = [message.text for message in await desk.messages()]
    assert (heard.events, len(model.prompts)) == ([], asked)
    assert remembered == [FIRST, "12 USD [1].", BOTH, "so far"]
