"""Changes of agents: stored and dropped together with their audit entries, or not at all."""

import pytest

from backend.auth.audit import SYSTEM, Actor, AuditEntry
from backend.storage.audit import AuditFilter
from backend.storage.stores import Stores

OLGA = Actor("olga", None)
UNSERIALIZABLE = AuditEntry("agent.change", "olga", None, "sales", None, {"prompt": object()})


async def actions(stores: Stores) -> list[str]:
    return [entry.action for entry in await stores.audit.entries(AuditFilter(), 10)]


async def test_the_last_change_of_an_agent_is_kept(stores: Stores) -> None:
    await stores.agents.save_change("sales", '{"name": "Sales"}', OLGA.did("agent.create", "sales"))
    await stores.agents.save_change("sales", '{"name": "Selling"}', OLGA.did("agent.change", "sales"))
    await stores.agents.save_change("billing", None, OLGA.did("agent.delete", "billing"))
    assert await stores.agents.all_changes() == {"billing": None, "sales": '{"name": "Selling"}'}
    assert await actions(stores) == ["agent.delete", "agent.change", "agent.create"]


async def test_a_dropped_change_leaves_its_entries_alone(stores: Stores) -> None:
    await stores.agents.save_change("sales", "{}", OLGA.did("agent.create", "sales"))
    await stores.agents.drop_change("sales", OLGA.did("agent.delete", "sales"))
    assert await stores.agents.all_changes() == {}
    assert await actions(stores) == ["agent.delete", "agent.create"]


async def test_without_its_entry_no_change_is_stored_or_dropped(stores: Stores) -> None:
    await stores.agents.save_change("sales", "{}", SYSTEM.did("agent.create", "sales"))
    with pytest.raises(TypeError):
        await stores.agents.save_change("sales", '{"name": "Selling"}', UNSERIALIZABLE)
    with pytest.raises(TypeError):
        await stores.agents.drop_change("sales", UNSERIALIZABLE)
    assert await stores.agents.all_changes() == {"sales": "{}"}
    assert await actions(stores) == ["agent.create"]
