"""Deletions: a little at a time, with nothing left at the end, and completed after a crash."""

from collections import Counter

import pytest

from backend.auth.audit import SYSTEM, Actor, AuditEntry
from backend.storage.audit import AuditFilter
from backend.storage.deletion import RUNS_AT_ONCE, RemovalMark, RemovalPart
from backend.storage.keys import StoredKey
from backend.storage.stores import Stores
from knowledge.storage.database import Database
from tests.backend.storage.conformance.histories import add_conversation, add_handover, add_spending, count_rows

OF_RUNS = ("runs", "messages", "events", "steps", "feedback")
OLGA = Actor("olga", "192.0.2.7", "0123456789ab")
EVERYTHING = RemovalMark("ann", "everything", OLGA)


async def delete_thread(stores: Stores, thread_id: str, entry: AuditEntry | None = None) -> tuple[int, Counter[str]]:
    """Delete all parts of a conversation; return how many there were, and the rows."""
    deleted: Counter[str] = Counter()
    for number in range(1, 100):
        part = await stores.deletion.delete_thread_part(thread_id, keep_figures=False, entry=entry)
        deleted += part.deleted
        if part.whole:
            return number, deleted
    raise AssertionError


async def test_a_conversation_is_deleted_with_all_that_belongs_to_it(stores: Stores, database: Database) -> None:
    gone, kept = [await add_conversation(database, "ann", runs=2) for _ in range(2)]
    parts, deleted = await delete_thread(stores, gone, OLGA.did("conversation.destroy", gone))
    assert parts == 1
    of_runs = {"runs": 2, "messages": 4, "events": 6, "steps": 2, "feedback": 2, "activity": 2}
    assert deleted == Counter({"threads": 1, **of_runs})
    assert await stores.deletion.threads_of("ann") == [kept]
    assert [await count_rows(database, table) for table in (*OF_RUNS, "activity")] == [2, 4, 6, 2, 2, 2]
    (entry,) = await stores.audit.entries(AuditFilter(), 10)
    assert (entry.action, entry.target) == ("conversation.destroy", gone)


async def test_a_long_conversation_is_deleted_in_parts_its_own_row_last(stores: Stores, database: Database) -> None:
    thread_id = await add_conversation(database, "ann", runs=2 * RUNS_AT_ONCE + 1)
    part = await stores.deletion.delete_thread_part(thread_id, keep_figures=False)
    assert (part.deleted["runs"], part.whole) == (RUNS_AT_ONCE, False)
    assert await stores.deletion.threads_of("ann") == [thread_id]
    # Whoever was killed in between deletes the rest.
    parts, deleted = await delete_thread(stores, thread_id)
    assert (parts, deleted["runs"], deleted["threads"]) == (2, RUNS_AT_ONCE + 1, 1)
    assert [await count_rows(database, table) for table in OF_RUNS] == [0] * len(OF_RUNS)


async def test_a_conversation_that_is_gone_is_not_recorded_again(stores: Stores, database: Database) -> None:
    thread_id = await add_conversation(database, "ann")
    for _ in range(2):
        await delete_thread(stores, thread_id, SYSTEM.did("conversation.destroy", thread_id))
    assert len(await stores.audit.entries(AuditFilter(), 10)) == 1


async def test_figures_are_kept_if_that_is_asked(stores: Stores, database: Database) -> None:
    thread_id = await add_conversation(database, "ann", runs=3)
    await stores.deletion.delete_thread_part(thread_id, keep_figures=True)
    assert await count_rows(database, "runs") == 0
    assert await count_rows(database, "activity") == 3


async def test_runs_are_deleted_without_their_conversation(stores: Stores, database: Database) -> None:
    thread_id = await add_conversation(database, "ann", runs=3)
    runs = [record["id"] async for record in stores.personal_data.runs_of(thread_id)]
    assert (await stores.deletion.delete_runs(runs[:2], keep_figures=False))["runs"] == 2
    assert [record["id"] async for record in stores.personal_data.runs_of(thread_id)] == runs[2:]
    assert await count_rows(database, "events") == 3
    assert await stores.deletion.delete_runs([], keep_figures=False) == Counter()


async def test_a_removal_is_marked_until_it_is_finished(stores: Stores) -> None:
    await stores.deletion.mark_removal(EVERYTHING)
    await stores.deletion.mark_removal(RemovalMark("bob", "documents", SYSTEM))
    # That of the first who asked stays.
    await stores.deletion.mark_removal(RemovalMark("ann", "everything", SYSTEM))
    assert await stores.deletion.removal_marks() == [EVERYTHING, RemovalMark("bob", "documents", SYSTEM)]
    await stores.deletion.finish_removal(EVERYTHING, Counter())
    assert await stores.deletion.removal_marks() == [RemovalMark("bob", "documents", SYSTEM)]


async def test_a_finished_removal_leaves_nothing_outside_of_conversations(stores: Stores, database: Database) -> None:
    for user in ("ann", "bob"):
        await add_handover(database, user, created_at=1.0)
        await add_spending(database, user, "2001-01-01")
        for number in range(2):
            key = StoredKey(f"{user}-{number}", f"{user}-{number}", user, "", frozenset({"chat"}), 1.0, "olga")
            await stores.keys.add_key(key, OLGA, 10)
    await stores.keys.revoke_key("ann-0", OLGA)
    await stores.keys.note_uses({"ann-0": 1.0, "ann-1": 1.0})
    await stores.deletion.mark_removal(EVERYTHING)
    last = await stores.deletion.finish_removal(EVERYTHING, Counter(threads=3, documents=0))
    assert (last["handovers"], last["spending"]) == (1, 1)
    for table in ("handovers", "spending", "activity"):
        assert await count_rows(database, table, "user_id = ?", "ann") == 0
    assert await count_rows(database, "handovers") == await count_rows(database, "spending") == 1
    assert {key.id for key in await stores.keys.all_keys()} == {"ann-1", "bob-0", "bob-1"}
    assert await stores.keys.last_uses() == {"ann-1": 1.0}
    (entry,) = await stores.audit.entries(AuditFilter(action="person.delete"), 10)
    assert (entry.actor, entry.address, entry.key_id, entry.person) == ("olga", "192.0.2.7", "0123456789ab", "ann")
    assert entry.after == {"part": "everything", "handovers": 1, "spending": 1, "threads": 3}


@pytest.mark.parametrize(("part", "handovers"), [("conversations", 0), ("documents", 1)])
async def test_a_part_of_a_removal_leaves_the_others(
    stores: Stores, database: Database, part: RemovalPart, handovers: int
) -> None:
    await add_handover(database, "ann", created_at=1.0)
    await add_spending(database, "ann", "2001-01-01")
    mark = RemovalMark("ann", part, OLGA)
    await stores.deletion.mark_removal(mark)
    await stores.deletion.finish_removal(mark, Counter())
    assert await count_rows(database, "handovers") == handovers
    assert await count_rows(database, "spending") == 1


async def test_todays_spending_outlives_a_removal(stores: Stores, database: Database) -> None:
    await add_spending(database, "ann", "9999-01-01")
    await stores.deletion.finish_removal(EVERYTHING, Counter())
    assert await count_rows(database, "spending") == 1
