"""Agents come, change and go in a catalogue that is in use."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from agents.assistant import Assistant
from agents.catalog import Agent, Catalog, read_catalog
from agents.errors import AgentDisabled, AgentUnknown, FolderUnknown, LastAgent
from agents.graph.supervisor import Supervisor
from agents.graph.worker import Worker
from agents.routing.router import RoutingDecision, RoutingQuestion
from agents.routing.semantic import SemanticRouter
from backend.storage.sql.checkpoints import open_memory
from frontdesk.contracts.events import Route, Sources
from knowledge.library import Library
from knowledge.retrieval.outcome import OutcomeThresholds
from knowledge.retrieval.search import Searcher
from knowledge.retrieval.strategies import EvidenceGatherer
from tests.agents.conversation import Desk
from tests.agents.scripted import ScriptedModel
from tests.streaming_model import writes


@pytest.fixture
def catalog() -> Catalog:
    return read_catalog("customer_support")


def made(agent_id: str, *, enabled: bool = True, knowledge: str = "sales") -> Agent:
    fields = {"id": agent_id, "name": agent_id, "description": "d", "knowledge": knowledge, "prompt": "p"}
    return Agent.model_validate({**fields, "enabled": enabled})


def off(agent: Agent) -> Agent:
    return agent.model_copy(update={"enabled": False})


def ids(agents: list[Agent]) -> list[str]:
    return [agent.id for agent in agents]


def test_new_agents_follow_those_of_files_in_the_order_of_their_ids(catalog: Catalog) -> None:
    catalog.put(made("sales"))
    catalog.put(made("accounts", enabled=False))
    assert ids(catalog.all) == ["billing", "compliance", "general", "technical", "accounts", "sales"]
    assert ids(catalog.agents) == ["billing", "compliance", "general", "technical", "sales"]


def test_an_agent_that_comes_back_takes_its_old_place(catalog: Catalog) -> None:
    billing = catalog.get("billing")
    catalog.remove("billing")
    assert ids(catalog.all) == ["compliance", "general", "technical"]
    catalog.put(billing)
    assert ids(catalog.all) == ["billing", "compliance", "general", "technical"]


def test_a_changed_agent_is_seen_whole_and_its_file_is_remembered(catalog: Catalog) -> None:
    file, changed = catalog.get("billing"), made("billing")
    catalog.put(changed)
    assert catalog.get("billing") is changed
    assert catalog.base["billing"] is file


def test_an_agent_that_is_switched_off_is_found_but_not_handed_out(catalog: Catalog) -> None:
    catalog.put(off(catalog.get("billing")))
    assert catalog.find_agent("billing").name == "Billing"
    with pytest.raises(AgentDisabled, match="'billing' is switched off"):
        catalog.get("billing")


def test_an_agent_that_was_removed_is_unknown(catalog: Catalog) -> None:
    catalog.remove("billing")
    assert not catalog.has_agent("billing")
    for look in (catalog.get, catalog.find_agent, catalog.remove):
        with pytest.raises(AgentUnknown):
            look("billing")


def test_folders_follow_the_agents_also_those_switched_off(catalog: Catalog) -> None:
    catalog.put(made("sales", enabled=False, knowledge="offers"))
    assert catalog.checked_folder("offers") == "offers"
    catalog.remove("sales")
    with pytest.raises(FolderUnknown):
        catalog.checked_folder("offers")


def test_the_last_enabled_agent_stays(catalog: Catalog) -> None:
    for agent in catalog.agents[1:]:
        catalog.put(off(agent))
    (last,) = catalog.agents
    with pytest.raises(LastAgent, match="last agent that is enabled"):
        catalog.put(off(last))
    with pytest.raises(LastAgent):
        catalog.remove(last.id)
    catalog.remove("technical")
    assert ids(catalog.agents) == [last.id]


class RoutesJustBefore(SemanticRouter):
    """Something happens between its decision and the worker, where no client could time it."""

    happens: Callable[[], None]

    async def choose_agents(self, question: RoutingQuestion, agents: Sequence[Agent]) -> RoutingDecision:
        decision = await super().choose_agents(question, agents)
        self.happens()
        return decision


@pytest.mark.parametrize("change", ["removed", "changed", "switched off"])
async def test_an_agent_that_changes_right_after_routing_still_answers_as_it_was(
    catalog: Catalog, library: Library, tmp_path: Path, change: str
) -> None:
    changes = {
        "removed": lambda: catalog.remove("billing"),
        "changed": lambda: catalog.put(made("billing", knowledge="technical")),
        "switched off": lambda: catalog.put(off(catalog.get("billing"))),
    }
    searcher, model = Searcher(library), ScriptedModel(tokens={"billing": ["Within ", "30 days. [1]"]})
    router = RoutesJustBefore(library.embedder, searcher)
    router.happens = changes[change]
    worker = Worker(EvidenceGatherer(library, searcher), OutcomeThresholds(0.25))
    supervisor = Supervisor(catalog, [router], worker, lambda agent: writes(model))
    async with open_memory(tmp_path) as memory:
        turn = await Desk(Assistant(supervisor, memory)).ask("Is an annual plan refunded within 30 days?")
    assert [route.agents for route in turn.of(Route)] == [["billing"]]
    assert {source.uri for sources in turn.of(Sources) for source in sources.sources} >= {"billing/refunds.md"}
    assert turn.text == "Within 30 days. [1]"
