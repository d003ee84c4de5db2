"""Keys: made and revoked with an audit entry or not at all, revoked at once and once, limited in number."""

import asyncio
import time
from typing import Any

import pytest

from backend.auth.audit import Actor
from backend.auth.errors import KeyUnknown, TooManyKeys
from backend.auth.scopes import EVERY_SCOPE
from backend.storage.audit import AuditFilter, RecordedEntry
from backend.storage.keys import StoredKey
from backend.storage.stores import Stores
from knowledge.storage.database import DatabaseError

OLGA, BOSS = Actor("olga", "127.0.0.1"), Actor("boss", None)
MOST = 100


def key_of(number: int, **fields: Any) -> StoredKey:
    made: dict[str, Any] = {
        "label": f"key {number}",
        "scopes": frozenset({"chat"}),
        "created_at": float(number),
        "created_by": "olga",
    }
    return StoredKey(id=f"k{number}", digest=f"digest-{number}", user_id="eve", **{**made, **fields})


async def entries(stores: Stores) -> list[RecordedEntry]:
    return await stores.audit.entries(AuditFilter(), MOST)


async def test_a_key_is_read_as_it_was_made(stores: Stores) -> None:
    key = key_of(1, expires_at=4e9, scopes=frozenset({"chat", "documents"}))
    await stores.keys.add_key(key, OLGA, MOST)
    assert await stores.keys.all_keys() == [key]
    (entry,) = await entries(stores)
    assert (entry.action, entry.actor, entry.target, entry.person) == ("key.make", "olga", "k1", "eve")
    assert entry.after == {"user": "eve", "scopes": ["chat", "documents"], "label": "key 1", "expires_at": 4e9}


async def test_an_operators_key_has_every_scope(stores: Stores) -> None:
    await stores.keys.add_key(key_of(1, scopes=frozenset({"operator"})), OLGA, MOST)
    (key,) = await stores.keys.all_keys()
    assert key.scopes == EVERY_SCOPE


async def test_the_newest_key_is_first(stores: Stores) -> None:
    for number in (2, 3, 1):
        await stores.keys.add_key(key_of(number), OLGA, MOST)
    assert [key.id for key in await stores.keys.all_keys()] == ["k3", "k2", "k1"]


async def test_a_key_is_revoked_once_however_often_that_is_asked(stores: Stores) -> None:
    await stores.keys.add_key(key_of(1), OLGA, MOST)
    began = time.time()
    revoked = await stores.keys.revoke_key("k1", BOSS)
    assert revoked.revoked_by == "boss"
    assert revoked.revoked_at
    assert began <= revoked.revoked_at <= time.time()
    again = await asyncio.gather(*(stores.keys.revoke_key("k1", OLGA) for _ in range(5)))
    assert [*again, *await stores.keys.all_keys()] == [revoked] * 6
    assert [(entry.action, entry.actor) for entry in await entries(stores)] == [
        ("key.revoke", "boss"),
        ("key.make", "olga"),
    ]


async def test_an_unknown_key_is_not_revoked(stores: Stores) -> None:
    with pytest.raises(KeyUnknown):
        await stores.keys.revoke_key("k1", OLGA)
    assert await entries(stores) == []


async def test_a_key_that_is_there_already_leaves_neither_a_key_nor_an_entry(stores: Stores) -> None:
    await stores.keys.add_key(key_of(1), OLGA, MOST)
    with pytest.raises(DatabaseError):
        await stores.keys.add_key(key_of(1, label="another"), OLGA, MOST)
    assert [key.label for key in await stores.keys.all_keys()] == ["key 1"]
    assert len(await entries(stores)) == 1


async def test_only_usable_keys_count_towards_the_limit(stores: Stores) -> None:
    await stores.keys.add_key(key_of(1), OLGA, 2)
    await stores.keys.add_key(key_of(2, expires_at=time.time() - 1), OLGA, 2)
    await stores.keys.add_key(key_of(3, expires_at=time.time() + 600), OLGA, 2)
    with pytest.raises(TooManyKeys):
        await stores.keys.add_key(key_of(4), OLGA, 2)
    await stores.keys.revoke_key("k1", OLGA)
    await stores.keys.add_key(key_of(4), OLGA, 2)
    assert {key.id for key in await stores.keys.all_keys()} == {"k1", "k2", "k3", "k4"}
    assert "k4" in {entry.target for entry in await entries(stores)}


async def test_of_two_uses_the_later_one_is_kept(stores: Stores) -> None:
    await stores.keys.note_uses({"k1": 10.0, "of-the-settings": 5.0})
    await stores.keys.note_uses({"k1": 9.0, "of-the-settings": 6.0})
    assert await stores.keys.last_uses() == {"k1": 10.0, "of-the-settings": 6.0}
    await stores.keys.note_uses({})
    assert len(await stores.keys.last_uses()) == 2
