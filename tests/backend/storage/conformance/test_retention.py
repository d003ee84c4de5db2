"""Retention: what is outdated is found oldest first and a page at a time; the last check of the clock is kept."""

import pytest

from backend.auth.audit import SYSTEM, Actor
from backend.storage.retention import ClockCheck, LastUse
from backend.storage.stores import Stores
from knowledge.storage.database import Database
from tests.backend.storage.conformance.histories import add_conversation, add_handover, count_rows

BEGINNING = LastUse(0, "")


async def test_outdated_conversations_are_found_oldest_first_in_pages(stores: Stores, database: Database) -> None:
    used = [LastUse(at, await add_conversation(database, "ann", used_at=at)) for at in (3.0, 1.0, 2.0, 2.0, 9.0)]
    found: list[LastUse] = []
    after = BEGINNING
    while page := await stores.retention.outdated_threads(9.0, after, 2):
        assert len(page) <= 2
        after = page[-1]
        found += page
    assert found == sorted(used[:-1])


async def test_a_conversation_with_a_run_under_way_is_not_outdated(stores: Stores, database: Database) -> None:
    busy = await add_conversation(database, "ann", used_at=1.0, ended=False)
    idle = await add_conversation(database, "ann", used_at=1.0)
    assert await stores.retention.outdated_threads(2.0, BEGINNING, 10) == [LastUse(1.0, idle)]
    assert not await stores.retention.is_outdated(busy, 2.0)
    assert await stores.retention.is_outdated(idle, 2.0)
    assert not await stores.retention.is_outdated(idle, 1.0)
    assert not await stores.retention.is_outdated("none", 2.0)


async def test_outdated_runs_of_an_agent_are_those_that_have_ended(stores: Stores, database: Database) -> None:
    await add_conversation(database, "ann", agent="sales", runs=3, used_at=1.0)
    await add_conversation(database, "ann", agent="sales", used_at=5.0)
    await add_conversation(database, "ann", agent="sales", used_at=1.0, ended=False)
    await add_conversation(database, "ann", agent="billing", used_at=1.0)
    assert len(await stores.retention.outdated_runs("sales", 2.0, 10)) == 3
    assert len(await stores.retention.outdated_runs("sales", 2.0, 2)) == 2


async def test_outdated_handovers_are_deleted_a_few_at_a_time(stores: Stores, database: Database) -> None:
    for _ in range(5):
        await add_handover(database, "ann", created_at=1.0)
    await add_handover(database, "ann", created_at=1.0, resolved_at=5.0)
    await add_handover(database, "ann", created_at=5.0)
    assert [await stores.retention.delete_outdated_handovers(3.0, 3) for _ in range(3)] == [3, 2, 0]
    assert await count_rows(database, "handovers") == 2


async def test_of_checks_of_the_clock_the_last_is_kept(stores: Stores) -> None:
    assert await stores.retention.last_clock_check() is None
    for check in (ClockCheck(5.0), ClockCheck(3.0, 60.0)):
        await stores.retention.store_clock_check(check)
        assert await stores.retention.last_clock_check() == check


@pytest.mark.parametrize("at", [4e9, 5e9])
async def test_before_the_first_check_the_newest_row_says_when_it_was(
    stores: Stores, database: Database, at: float
) -> None:
    await stores.audit.append([SYSTEM.did("desk.restore", "desk")])
    assert await stores.retention.last_clock_check() is None
    await stores.audit.append([Actor("ann", None).did("agent.delete", "sales")])
    recorded = await stores.retention.last_clock_check()
    assert recorded
    await add_conversation(database, "ann", used_at=at)
    assert await stores.retention.last_clock_check() == ClockCheck(at)
    assert recorded.trusted_at < at
