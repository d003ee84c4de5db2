"""What any store of changed agents holds."""

import pytest

from backend.storage.stores import Stores
from tests.backend.storage.conformance.conversations import audited, did, unstorable


async def test_changes_of_agents_are_kept_with_their_entries_or_not_at_all(stores: Stores) -> None:
    agents = stores.agents
    for fields in ('{"name":"Sales"}', '{"name":"Quotes"}'):
        await agents.save_change("sales", fields, did("agent.change"))
    await agents.save_change("billing", None, did("agent.delete"))
    kept = {"billing": None, "sales": '{"name":"Quotes"}'}
    assert await agents.all_changes() == kept
    with pytest.raises(TypeError):
        await agents.save_change("sales", None, unstorable("agent.delete"))
    with pytest.raises(TypeError):
        await agents.drop_change("sales", unstorable("agent.delete"))
    assert await agents.all_changes() == kept
    await agents.drop_change("sales", did("agent.delete"))
    assert await agents.all_changes() == {"billing": None}
    assert await audited(stores) == ["agent.change", "agent.change", "agent.delete", "agent.delete"]
