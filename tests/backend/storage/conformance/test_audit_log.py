"""The audit log: append-only, numbered without gaps, a chain of hashes, filtered and read in pages."""

import asyncio
import time
from dataclasses import asdict
from typing import Any

import pytest

from backend.auth.audit import SYSTEM, Actor, AuditEntry
from backend.storage.audit import AuditFilter, RecordedEntry
from backend.storage.stores import Stores

ADA = Actor("ada", "192.0.2.7", "0123456789ab")
EVERYTHING = AuditFilter()


def deletions(count: int) -> list[AuditEntry]:
    return [ADA.did("agent.delete", f"agent-{number}") for number in range(count)]


async def all_entries(stores: Stores) -> list[RecordedEntry]:
    return await stores.audit.entries(EVERYTHING, 10_000)


async def targets(stores: Stores, **wanted: Any) -> list[str]:
    return [entry.target for entry in await stores.audit.entries(AuditFilter(**wanted), 100)]


async def test_an_entry_is_read_as_it_was_appended(stores: Stores) -> None:
    began = time.time()
    await stores.audit.append([ADA.did("agent.change", "sales", {"enabled": True}, {"enabled": False}, person="eve")])
    (entry,) = await all_entries(stores)
    assert (entry.place, entry.action, entry.actor, entry.key_id) == (1, "agent.change", "ada", "0123456789ab")
    assert (entry.address, entry.target, entry.person) == ("192.0.2.7", "sales", "eve")
    assert (entry.before, entry.after) == ({"enabled": True}, {"enabled": False})
    assert began <= entry.at <= time.time()
    assert len(entry.hash) == 64


async def test_entries_are_numbered_without_gaps_and_read_newest_first(stores: Stores) -> None:
    await asyncio.gather(*(stores.audit.append(deletions(5)) for _ in range(20)))
    assert [entry.place for entry in await all_entries(stores)] == list(range(100, 0, -1))
    assert len({entry.hash for entry in await all_entries(stores)}) == 100
    assert await stores.audit.check_chain() is None


async def test_of_several_entries_all_are_appended_or_none(stores: Stores) -> None:
    unserializable = AuditEntry("agent.change", "ada", None, "sales", None, {"prompt": object()})
    with pytest.raises(TypeError):
        await stores.audit.append([*deletions(1), unserializable])
    assert await all_entries(stores) == []


async def test_nothing_is_appended_for_no_entries(stores: Stores) -> None:
    await stores.audit.append([])
    assert await all_entries(stores) == []
    assert await stores.audit.check_chain() is None


async def test_each_field_is_a_filter(stores: Stores) -> None:
    await stores.audit.append(
        [
            ADA.did("key.make", "a", person="eve"),
            ADA.did("key.revoke", "b"),
            SYSTEM.did("key", "c"),
            SYSTEM.did("keys.list", "d"),
        ]
    )
    assert await targets(stores, action="key") == ["c", "b", "a"]
    assert await targets(stores, action="key.make") == ["a"]
    assert await targets(stores, action="ke") == []
    assert await targets(stores, actor="ada") == ["b", "a"]
    assert await targets(stores, target="d") == ["d"]
    assert await targets(stores, person="eve") == ["a"]
    assert await targets(stores, actor="ada", action="key.revoke") == ["b"]


async def test_times_are_filters_up_to_and_not_including_the_end(stores: Stores) -> None:
    for entry in deletions(3):
        await stores.audit.append([entry])
    newest, middle, oldest = await all_entries(stores)
    assert oldest.at < middle.at < newest.at
    assert await targets(stores, since=middle.at) == ["agent-2", "agent-1"]
    assert await targets(stores, until=middle.at) == ["agent-0"]
    assert await targets(stores, since=middle.at, until=newest.at) == ["agent-1"]


async def test_pages_continue_before_a_place(stores: Stores) -> None:
    await stores.audit.append(deletions(5))
    first = await stores.audit.entries(EVERYTHING, 2)
    second = await stores.audit.entries(AuditFilter(before=first[-1].place), 2)
    assert [entry.place for entry in first + second] == [5, 4, 3, 2]
    assert await stores.audit.entries(AuditFilter(before=1), 2) == []


async def test_the_oldest_are_trimmed_and_the_rest_is_still_whole(stores: Stores) -> None:
    for entry in deletions(3):
        await stores.audit.append([entry])
    newest = (await all_entries(stores))[0]
    assert await stores.audit.trim(newest.at) == 2
    left = await all_entries(stores)
    assert [(entry.place, entry.action) for entry in left] == [(4, "audit.trim"), (3, "agent.delete")]
    assert left[0].after == {"up_to_place": 2, "before": newest.at}
    assert left[1] == newest
    assert await stores.audit.check_chain() is None
    assert await stores.audit.trim(0) == 0
    assert await stores.audit.trim(left[0].at + 1) == 2
    await stores.audit.append(deletions(1))
    assert [entry.place for entry in await all_entries(stores)] == [6, 5]
    assert await stores.audit.check_chain() is None


async def test_a_trim_is_of_a_bounded_size(stores: Stores) -> None:
    await stores.audit.append(deletions(10))
    assert await stores.audit.trim(time.time() + 1, 4) == 4
    assert [entry.place for entry in await all_entries(stores)] == [11, 10, 9, 8, 7, 6, 5]


async def test_secrets_are_never_stored(stores: Stores) -> None:
    key = "fd-0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
    fields = {"api_key": "hunter22", "note": f"the key is {key}", "deep": [{"password": "x"}], "url": "sk-12345678901"}
    await stores.audit.append([ADA.did(f"x {key}", key, {"secret": "y"}, fields)])
    (entry,) = await all_entries(stores)
    text = repr(asdict(entry))
    for secret in (key, "hunter22", "'x'", "'y'", "sk-1234"):
        assert secret not in text
    assert entry.after
    assert entry.after["note"] == "the key is [hidden]"


async def test_what_is_long_or_half_a_character_is_stored_all_the_same(stores: Stores) -> None:
    await stores.audit.append([ADA.did("document.add", "\ud800" * 10_000, None, {"prompt": "x" * 100_000})])
    (entry,) = await all_entries(stores)
    assert len(entry.target) < 600
    assert entry.after
    assert entry.after["prompt"].endswith("[80,000 more characters]")
