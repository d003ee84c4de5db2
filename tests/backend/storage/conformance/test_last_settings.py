"""The settings of the last start: replaced as a whole, together with an entry that says what differs."""

import pytest

from backend.auth.audit import SYSTEM, AuditEntry
from backend.storage.audit import AuditFilter
from backend.storage.stores import Stores

CHANGE = SYSTEM.did("settings.change", "desk", None, {"MAX_RUNS": 5})


async def test_before_the_first_start_there_are_none(stores: Stores) -> None:
    assert await stores.last_settings.read_settings() == {}


async def test_they_are_replaced_as_a_whole_and_recorded(stores: Stores) -> None:
    first = {"MAX_RUNS": 5, "WEB": True, "DATA_DIR": None, "USERS": ["ada", "olga"], "": "salt"}
    await stores.last_settings.replace_settings(first, CHANGE)
    assert await stores.last_settings.read_settings() == first
    await stores.last_settings.replace_settings({"MAX_RUNS": 6}, CHANGE)
    assert await stores.last_settings.read_settings() == {"MAX_RUNS": 6}
    recorded = await stores.audit.entries(AuditFilter(action="settings.change"), 10)
    assert [entry.after for entry in recorded] == [{"MAX_RUNS": 5}] * 2


async def test_without_their_entry_they_are_not_replaced(stores: Stores) -> None:
    await stores.last_settings.replace_settings({"MAX_RUNS": 5}, CHANGE)
    unserializable = AuditEntry("settings.change", "(desk)", None, "desk", None, {"MAX_RUNS": object()})
    with pytest.raises(TypeError):
        await stores.last_settings.replace_settings({"MAX_RUNS": 6}, unserializable)
    assert await stores.last_settings.read_settings() == {"MAX_RUNS": 5}
