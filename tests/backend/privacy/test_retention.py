"""What is older than RETENTION_DAYS is deleted as by hand, but for sums; what is used or under way is not."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.auth.audit import SYSTEM, Actor
from backend.auth.audit_log import AuditLog
from backend.privacy.deletion import ConversationDeletion
from backend.privacy.retention import Retention
from backend.runs.queue import ActiveRun, RunQueue
from backend.storage.runs import StoredRun
from backend.storage.sql import migrations
from backend.storage.sql.checkpoints import open_memory
from backend.storage.stores import sql_stores
from knowledge.storage.database import Connection, Database
from knowledge.storage.sqlite import SqliteDatabase
from tests.backend.asking import QUICK, as_user, keys, provided, restarted
from tests.backend.limits.test_clocks import DAY, Machine
from tests.backend.privacy.stores import add_history, age, holding
from tests.knowledge.storage.test_storage_full import no_room
from tests.serving import Server

SETTINGS: dict[str, Any] = {"API_KEYS": keys("ann", "boss"), "OPERATORS": "boss", "SEARCH_RATE": ""}


def until_gone(desk: Server, *texts: str) -> None:
    """The sweep begins once the desk is open."""
    deadline = time.monotonic() + 60
    while left := holding(desk.data_dir, *texts):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)  # polls for a condition; the deadline above bounds it


def sums(client: httpx.Client) -> dict[str, Any]:
    told = client.get("/api/activity?days=92").raise_for_status().json()
    return {name: told["totals"][name] for name in ("runs", "completed", "tokens", "cost_usd", "up")}


def test_what_is_old_goes_at_the_start_and_sums_stay(indexed: Path, tmp_path: Path) -> None:
    with provided(indexed, tmp_path, **SETTINGS) as before, as_user(before.desk, "ann") as ann:
        old = ann.post("/chat", json={"message": "How are lemur charges refunded?"}).json()
        ann.post(f"/runs/{old['run_id']}/feedback", json={"rating": "up", "comment": "lemur"}).raise_for_status()
        for thread in (old["thread_id"], None):
            wish = {"contact": "lemur@example.org"} | ({"thread_id": thread} if thread else {})
            ann.post("/api/handovers", json=wish).raise_for_status()
        ann.delete(f"/api/threads/{ann.post('/chat', json={'message': 'A lemur?'}).json()['thread_id']}")
        file = {"file": b"# Lemurs\n\nLemurs are refunded."}
        ann.post("/api/documents", data={"folder": "billing", "path": "lemurs.md"}, files=file).raise_for_status()
        age(before.desk.data_dir, 40)
        new = ann.post("/chat", json={"message": QUICK}).json()
        kept, data = sums(ann), before.desk.data_dir
        assert kept["runs"] == 3
        before.desk.interrupt()
        assert holding(data, "lemur", old["thread_id"])
        with restarted(before, **SETTINGS, RETENTION_DAYS=30) as after, as_user(after, "ann") as again:
            until_gone(
                after, "lemur charges", "A lemur", "lemur@example", old["thread_id"], f"runs: ('{old['run_id']}'"
            )
            assert sums(again) == kept
            assert again.get(f"/api/threads/{new['thread_id']}").json()["messages"] == 2
            assert again.get("/api/documents?search=lemurs").json()["total"] == 1
            assert again.get(f"/runs/{old['run_id']}").status_code == 404
            with as_user(after, "boss") as boss:
                (entry,) = boss.get("/api/audit", params={"action": "retention.delete"}).json()["entries"]
                assert entry["actor"] == SYSTEM.name


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS)
    yield opened
    await opened.close()


@pytest.fixture
async def lanes() -> RunQueue:
    return RunQueue()


@pytest.fixture
def machine() -> Machine:
    return Machine(time.time())


@pytest.fixture
async def start(
    database: Database, lanes: RunQueue, tmp_path: Path, machine: Machine
) -> AsyncIterator[Callable[[], Awaitable[Retention]]]:
    """What a start of the desk does: nothing of what the last one knew but what is stored."""
    stores = sql_stores(database)
    async with open_memory(tmp_path) as memory:
        deletion, audit = ConversationDeletion(stores.deletion, memory), AuditLog(stores.audit, days=30)
        yield lambda: Retention.open(30, stores.retention, lanes, deletion, audit, machine.clock)


@pytest.fixture
async def retention(start: Callable[[], Awaitable[Retention]]) -> Retention:
    return await start()


async def threads(database: Database) -> set[str]:
    return set(await database.read(lambda db: [row["id"] for row in db.execute("SELECT id FROM threads")]))


async def test_what_is_used_since_or_under_way_is_not_touched(
    database: Database, lanes: RunQueue, retention: Retention, tmp_path: Path
) -> None:
    old = add_history(tmp_path, "ann", 120, days_ago=31)
    new = add_history(tmp_path, "ann", 5, days_ago=29)
    unfinished, asked = old[7], old[60]
    await database.write(lambda db: db.execute("UPDATE runs SET ended_at = NULL WHERE thread_id = ?", (unfinished,)))
    # A question that is only being stored is in its lane already.
    run = StoredRun("r", asked, "s", "ann", "supervisor", "in_progress", "Hm?", time.time())
    lanes.enter(active := ActiveRun(run))
    deleted = await retention.sweep(time.time())
    assert await threads(database) == {unfinished, asked, *new}
    assert (deleted["threads"], deleted["runs"], deleted["messages"]) == (118, 118, 236)
    lanes.leave(active)
    await retention.sweep(time.time())
    assert await threads(database) == {unfinished, *new}
    assert await retention.sweep(time.time()) == Counter()
    told = await sql_stores(database).activity.read_summary("ann", 92, time.time())
    assert told.totals.runs == 125


async def test_a_long_conversation_is_deleted_a_few_runs_at_a_time(
    database: Database, retention: Retention, tmp_path: Path
) -> None:
    """What an answer has to store meanwhile comes in between."""
    add_history(tmp_path, "ann", 1, runs=500, days_ago=31)
    sweeping = asyncio.create_task(retention.sweep(time.time()))
    between: list[int] = []
    while not sweeping.done():
        left = await database.write(lambda db: db.execute("SELECT count(*) FROM runs").fetchone()[0])
        if not between or between[-1] != left:
            between.append(left)
    assert max(before - after for before, after in pairwise(between)) <= 100
    assert (await sweeping)["runs"] == 500


async def test_a_crash_in_the_middle_is_completed_by_the_next_sweep(
    database: Database, retention: Retention, tmp_path: Path
) -> None:
    add_history(tmp_path, "ann", 3, runs=100, days_ago=31)
    sweeping = asyncio.create_task(retention.sweep(time.time()))

    def runs(db: Connection) -> int:
        return int(db.execute("SELECT count(*) FROM runs").fetchone()[0])

    while await database.read(runs) == 300:
        assert not sweeping.done()
    sweeping.cancel()
    await asyncio.gather(sweeping, return_exceptions=True)
    await retention.sweep(time.time())
    assert await database.read(runs) == 0
    assert await threads(database) == set()
    assert await database.read(lambda db: db.execute("PRAGMA foreign_key_check").fetchall()) == []


async def test_figures_of_before_are_kept_by_the_migration(tmp_path: Path) -> None:
    names = [migration.__name__ for migration in migrations.MIGRATIONS]
    old = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS[: names.index("let_figures_outlive_runs")])
    add_history(tmp_path, "ann", 4, days_ago=2)
    before = await old.read(_activity_rows)
    await old.close()
    new = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS)
    assert await new.read(_activity_rows) == before
    assert len(before) == 4
    kept = await sql_stores(new).activity.read_summary("ann", 30, time.time())
    assert (kept.totals.runs, kept.totals.tokens, kept.totals.cost_usd) == (4, 40, 2.0)
    await new.close()


def _activity_rows(db: Connection) -> list[tuple[object, ...]]:
    rows = db.execute(
        """SELECT day, agent, run_id, user_id, outcome, tokens, cost_usd, first_token_ms, whole_ms, fallback, reduced,
           rating FROM activity ORDER BY run_id"""
    )
    return [tuple(row) for row in rows]


def test_with_no_days_nothing_is_deleted(indexed: Path, tmp_path: Path) -> None:
    with provided(indexed, tmp_path, **SETTINGS) as before:
        add_history(before.desk.data_dir, "ann", 3, days_ago=4_000)
        before.desk.interrupt()
        with restarted(before, **SETTINGS) as after, as_user(after, "ann") as ann:
            assert ann.post("/chat", json={"message": "Hello!"}).status_code == 200
            assert ann.get("/api/threads").json()["total"] == 4


async def test_a_clock_that_jumps_ahead_deletes_nothing_before_it_is_believed(
    database: Database, retention: Retention, tmp_path: Path, machine: Machine
) -> None:
    kept = set(add_history(tmp_path, "ann", 3, days_ago=1))
    await sql_stores(database).audit.append([Actor("ann", None).did("agent.delete", "sales")])
    old = set(add_history(tmp_path, "ann", 2, days_ago=31))
    await retention.look()
    assert await threads(database) == kept
    machine.wall += 400 * DAY
    for _ in range(20):
        await retention.look()
        machine.pass_time(3_600)
    assert await threads(database) == kept
    machine.wall -= 400 * DAY
    await retention.look()
    assert await threads(database) == kept
    # Now it is right, and the next jump is doubted for as long as the first.
    machine.wall += 400 * DAY
    for _ in range(24):
        await retention.look()
        assert await threads(database) == kept
        machine.pass_time(3_600)
    assert await database.read(lambda db: db.execute("SELECT count(*) FROM audit").fetchone()[0]) > 0
    await retention.look()
    assert await threads(database) == set()
    assert old


async def test_a_desk_that_starts_with_a_wrong_clock_deletes_nothing(
    database: Database, start: Callable[[], Awaitable[Retention]], tmp_path: Path, machine: Machine
) -> None:
    kept = set(add_history(tmp_path, "ann", 3, days_ago=1))
    machine.wall += 400 * DAY
    first = await start()
    await first.look()
    assert await threads(database) == kept
    # What is stored by the wrong clock makes it no better.
    kept |= set(add_history(tmp_path, "ann", 1, days_ago=-400))
    second = await start()
    await second.look()
    assert await threads(database) == kept
    machine.wall -= 400 * DAY
    old = add_history(tmp_path, "ann", 1, days_ago=31)
    await (await start()).look()
    assert await threads(database) == kept
    assert old


async def test_a_desk_that_was_off_for_a_while_or_whose_clock_is_set_back_goes_on(
    database: Database, start: Callable[[], Awaitable[Retention]], tmp_path: Path, machine: Machine
) -> None:
    add_history(tmp_path, "ann", 1, days_ago=1)
    await (await start()).look()
    machine.wall += 20 * DAY
    old = add_history(tmp_path, "ann", 1, days_ago=20)
    retention = await start()
    await retention.look()
    assert not {*old} & await threads(database)
    machine.wall -= DAY
    await retention.look()
    machine.pass_time(3_600)
    old = add_history(tmp_path, "ann", 1, days_ago=20)
    await retention.look()
    assert not {*old} & await threads(database)


async def test_a_look_that_fails_is_no_end(
    database: Database, retention: Retention, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = set(add_history(tmp_path, "ann", 3, days_ago=31))
    add_history(tmp_path, "ann", 1)
    with no_room():
        await retention.look()
    assert await threads(database) > kept
    assert "nothing is deleted for its age" in caplog.text
    await retention.look()
    assert not kept & await threads(database)
