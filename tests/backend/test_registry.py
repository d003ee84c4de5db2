"""What is stored of agents lies over their files; model addresses are only those that the operator has named."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agents.catalog import Agent, Catalog, read_catalog
from agents.chains import ModelChains
from agents.errors import CatalogInvalid, LastAgent
from agents.models.registry import ModelRegistry
from backend.agent_registry import MAX_AGENTS, AgentRegistry, restore_agents
from backend.auth.audit import SYSTEM
from backend.errors import AgentExists, ModelAddressRefused, TooManyAgents
from backend.settings import Settings
from backend.storage.sql import migrations
from backend.storage.stores import sql_stores
from knowledge.library import Library
from knowledge.retrieval.search import Searcher
from knowledge.storage.database import Database
from knowledge.storage.sqlite import SqliteDatabase

NAMED = "http://127.0.0.1:8081/v1"
SETTINGS = Settings(supervisor_model="embedded", worker_model="embedded")


@dataclass
class Desk:
    """As much of a desk as changes agents."""

    registry: AgentRegistry
    catalog: Catalog
    database: Database

    async def restarted(self, settings: Settings = SETTINGS) -> Catalog:
        """The catalogue after a restart."""
        catalog = read_catalog("customer_support")
        await restore_agents(sql_stores(self.database).agents, catalog, settings)
        return catalog


def agent(agent_id: str = "sales", **fields: Any) -> Agent:
    given = {"id": agent_id, "name": "Sales", "description": "d", "knowledge": "sales", "prompt": "p"}
    return Agent.model_validate(given | fields)


def desk_over(library: Library, database: Database, settings: Settings) -> Desk:
    catalog = read_catalog("customer_support")
    chains = ModelChains(settings, ModelRegistry(settings), library.embedder, Searcher(library), catalog)
    return Desk(AgentRegistry(sql_stores(database).agents, catalog, chains, settings), catalog, database)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS)
    yield opened
    await opened.close()


@pytest.fixture
def desk(library: Library, database: Database) -> Desk:
    return desk_over(library, database, SETTINGS)


async def test_a_restart_brings_back_what_was_made_changed_and_deleted(desk: Desk) -> None:
    await desk.registry.create_agent(agent("sales"), SYSTEM)
    await desk.registry.create_agent(agent("accounts", enabled=False), SYSTEM)
    await desk.registry.replace_agent(agent("billing", name="Money"), SYSTEM)
    await desk.registry.delete_agent("general", SYSTEM)
    assert (await desk.restarted()).all == desk.catalog.all
    assert [one.id for one in desk.catalog.all] == ["billing", "compliance", "technical", "accounts", "sales"]


async def test_a_restart_with_every_agent_of_a_file_switched_off_leaves_the_new_one(desk: Desk) -> None:
    await desk.registry.create_agent(agent("sales"), SYSTEM)
    for one in read_catalog("customer_support").agents:
        await desk.registry.replace_agent(one.model_copy(update={"enabled": False}), SYSTEM)
    assert [one.id for one in (await desk.restarted()).agents] == ["sales"]


async def test_an_agent_of_no_file_leaves_nothing_behind(desk: Desk) -> None:
    await desk.registry.create_agent(agent("sales"), SYSTEM)
    await desk.registry.delete_agent("sales", SYSTEM)
    assert await sql_stores(desk.database).agents.all_changes() == {}


async def test_of_two_that_make_the_same_agent_one_is_refused(desk: Desk) -> None:
    made = [desk.registry.create_agent(agent(name=name), SYSTEM) for name in ("First", "Second")]
    outcomes = await asyncio.gather(*made, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), AgentExists]
    assert desk.catalog.get("sales").name == "First"


async def test_two_that_switch_off_the_last_two_agents_leave_one(desk: Desk) -> None:
    for agent_id in ("billing", "compliance"):
        await desk.registry.delete_agent(agent_id, SYSTEM)
    changes = [
        desk.registry.replace_agent(agent("general", enabled=False), SYSTEM),
        desk.registry.delete_agent("technical", SYSTEM),
    ]
    outcomes = await asyncio.gather(*changes, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), LastAgent]
    assert [one.id for one in (await desk.restarted()).agents] == ["technical"]


async def test_the_number_of_agents_has_a_limit(desk: Desk) -> None:
    for number in range(MAX_AGENTS - len(desk.catalog.all)):
        desk.catalog.put(agent(f"agent_{number}"))
    with pytest.raises(TooManyAgents, match="200 agents"):
        await desk.registry.create_agent(agent("one_more"), SYSTEM)
    await desk.registry.replace_agent(agent("agent_0", name="Changed"), SYSTEM)
    assert desk.catalog.get("agent_0").name == "Changed"


@pytest.mark.parametrize(
    "setting",
    [
        {"ai_service_url": "http://127.0.0.1:8081"},
        {"worker_model": f"openai-compatible:qwen@{NAMED},embedded"},
        {"supervisor_model": f"openai-compatible:qwen@{NAMED}/"},
        {"SALES_MODEL_URL": NAMED},
    ],
)
async def test_an_address_that_a_setting_names_may_be_used(
    library: Library, database: Database, setting: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in setting.items():
        monkeypatch.setenv(name.upper(), value)
    desk = desk_over(library, database, Settings())
    await desk.registry.create_agent(agent("anyone", model=f"openai-compatible:other@{NAMED},embedded"), SYSTEM)
    assert desk.catalog.get("anyone").model == f"openai-compatible:other@{NAMED},embedded"


async def test_an_address_that_an_agent_file_names_may_be_used(library: Library, database: Database) -> None:
    catalog = Catalog([agent("filed", model=f"openai-compatible:@{NAMED}")])
    chains = ModelChains(SETTINGS, ModelRegistry(SETTINGS), library.embedder, Searcher(library), catalog)
    await AgentRegistry(sql_stores(database).agents, catalog, chains, SETTINGS).create_agent(
        agent(model=f"openai-compatible:m@{NAMED}"), SYSTEM
    )
    assert catalog.get("sales").model == f"openai-compatible:m@{NAMED}"


@pytest.mark.parametrize(
    "model",
    [
        "openai-compatible:m@http://169.254.169.254/v1",
        "embedded,openai-compatible:m@http://127.0.0.1:8082/v1",
        "openai-compatible:m@http://127.0.0.1:8081/v2",
        "openai-compatible:m@http://127.0.0.1.evil.example:8081/v1",
        "openai-compatible:m@https://127.0.0.1:8081/v1",
    ],
)
async def test_any_other_address_is_refused_and_nothing_is_changed(
    library: Library, database: Database, model: str
) -> None:
    desk = desk_over(library, database, SETTINGS.model_copy(update={"ai_service_url": NAMED}))
    with pytest.raises(ModelAddressRefused, match="not an address that the desk's settings"):
        await desk.registry.create_agent(agent(model=model), SYSTEM)
    with pytest.raises(ModelAddressRefused):
        await desk.registry.replace_agent(agent("billing", model=model), SYSTEM)
    assert desk.catalog.all == read_catalog("customer_support").all
    assert await sql_stores(desk.database).agents.all_changes() == {}


async def test_an_address_of_an_agent_made_here_opens_it_to_no_other(library: Library, database: Database) -> None:
    desk = desk_over(library, database, SETTINGS.model_copy(update={"ai_service_url": NAMED}))
    await desk.registry.create_agent(agent(model=f"openai-compatible:m@{NAMED}"), SYSTEM)
    unnamed = desk_over(library, database, SETTINGS)
    await restore_agents(sql_stores(database).agents, unnamed.catalog, SETTINGS)
    with pytest.raises(ModelAddressRefused):
        await unnamed.registry.create_agent(agent("other", model=f"openai-compatible:m@{NAMED}"), SYSTEM)
    # The one that is stored may not go there either, once the settings name it no more.
    assert unnamed.catalog.get("sales").model is None


async def test_an_address_in_a_setting_for_nobody_may_be_anything(
    library: Library, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHERS_MODEL_URL", "not an address")
    desk = desk_over(library, database, SETTINGS)
    await desk.registry.create_agent(agent("sales"), SYSTEM)
    assert desk.catalog.get("sales").name == "Sales"


@pytest.mark.parametrize(
    ("stored", "mistake"),
    [
        ({"billing": '{"id": "billing"}'}, "the stored agent 'billing' cannot be used: name: Field required"),
        (dict.fromkeys(("billing", "compliance", "general", "technical")), "give CATALOG one more agent file"),
    ],
)
async def test_what_cannot_be_served_is_refused_at_start_up(
    desk: Desk, stored: dict[str, str | None], mistake: str
) -> None:
    for agent_id, fields in stored.items():
        await sql_stores(desk.database).agents.save_change(agent_id, fields, SYSTEM.did("agent.change", agent_id))
    with pytest.raises(CatalogInvalid, match=mistake):
        await desk.restarted()
