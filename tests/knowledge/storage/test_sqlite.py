"""One writer, one reader, one file: what is promised of their order and of their failures."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from knowledge.storage.database import Connection, Database, DatabaseError, Work
from knowledge.storage.sqlite import MAX_BATCH, SqliteDatabase


def create_numbers(db: Connection) -> None:
    db.execute("CREATE TABLE numbers (number INTEGER NOT NULL CHECK (number >= 0))")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "numbers.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    opened = SqliteDatabase(path, [create_numbers])
    yield opened
    await opened.close()


def add(*numbers: int) -> Work[int]:
    """A write that returns its last number."""

    def work(db: Connection) -> int:
        for number in numbers:
            db.execute("INSERT INTO numbers VALUES (?)", (number,))
        return numbers[-1]

    return work


def numbers(db: Connection) -> list[int]:
    return [row["number"] for row in db.execute("SELECT number FROM numbers ORDER BY rowid")]


def on_disk(path: Path) -> list[int]:
    """What another process would see now: what is committed."""
    other = sqlite3.connect(path)
    other.row_factory = sqlite3.Row
    try:
        return numbers(other)
    finally:
        other.close()


@asynccontextmanager
async def busy(database: Database) -> AsyncIterator[None]:
    """The writer works on something, so what is written meanwhile waits together."""
    started, release = threading.Event(), threading.Event()

    def hold(db: Connection) -> bool:
        started.set()
        return release.wait(30)

    held = asyncio.create_task(database.write(hold))
    assert await asyncio.to_thread(started.wait, 30)
    try:
        yield
    finally:
        release.set()
        assert await held


async def queued(database: Database, *works: Work[int]) -> list[asyncio.Task[int]]:
    """Writes that have been handed to the writer and wait for it."""
    tasks = [asyncio.create_task(database.write(work)) for work in works]
    _, pending = await asyncio.wait(tasks, timeout=0)
    assert len(pending) == len(works)
    return tasks


async def test_a_read_sees_every_write_that_has_returned(database: Database, path: Path) -> None:
    for number in range(50):
        assert await database.write(add(number)) == number
        assert (await database.read(numbers))[-1] == number
        assert on_disk(path)[-1] == number


async def test_a_read_waits_for_no_write_and_sees_nothing_of_it(database: Database) -> None:
    await database.write(add(1))
    async with busy(database):
        await queued(database, add(2))
        assert await database.read(numbers) == [1]


async def test_the_reader_cannot_write(database: Database) -> None:
    with pytest.raises(DatabaseError, match="readonly"):
        await database.read(add(1))
    assert await database.read(numbers) == []


async def test_writes_that_wait_together_are_committed_together(database: Database, path: Path) -> None:
    seen: list[list[int]] = []

    def look(db: Connection) -> int:
        seen.extend([numbers(db), on_disk(path)])
        return 0

    async with busy(database):
        tasks = await queued(database, add(1), add(2), add(3), look)
    assert await asyncio.gather(*tasks) == [1, 2, 3, 0]
    assert seen == [[1, 2, 3], []]
    assert on_disk(path) == [1, 2, 3]


async def test_one_failing_write_takes_none_of_the_others_and_nothing_of_itself(database: Database, path: Path) -> None:
    def fail(db: Connection) -> int:
        add(7)(db)
        raise LookupError("of its own")

    async with busy(database):
        tasks = await queued(database, add(1), add(2, -1), fail, add(3))
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [int, DatabaseError, LookupError, int]
    assert on_disk(path) == await database.read(numbers) == [1, 3]


async def test_a_write_that_ends_the_transaction_fails_all_that_it_undid(database: Database, path: Path) -> None:
    def roll_back(db: Connection) -> int:
        db.execute("ROLLBACK")
        return 0

    async with busy(database):
        tasks = await queued(database, add(1), roll_back, add(2))
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [DatabaseError] * 3
    assert on_disk(path) == []
    assert await database.write(add(3)) == 3
    assert on_disk(path) == [3]


async def test_more_writes_than_one_batch_holds_are_all_made_in_order(database: Database) -> None:
    count = 2 * MAX_BATCH + 10
    async with busy(database):
        tasks = await queued(database, *(add(number) for number in range(count)))
    assert await asyncio.gather(*tasks) == list(range(count))
    assert await database.read(numbers) == list(range(count))


async def test_the_write_of_a_cancelled_caller_still_stands(database: Database, path: Path) -> None:
    async with busy(database):
        cancelled, other = await queued(database, add(1), add(2))
        cancelled.cancel()
        await asyncio.wait([cancelled])
    assert await other == 2
    assert cancelled.cancelled()
    assert on_disk(path) == [1, 2]


async def test_close_finishes_what_is_queued(path: Path) -> None:
    database = SqliteDatabase(path, [create_numbers])
    async with busy(database):
        tasks = await queued(database, *(add(number) for number in range(20)))
        closing = asyncio.create_task(database.close())
        await asyncio.wait([closing], timeout=0)
    await closing
    finished, _ = await asyncio.wait(tasks, timeout=30)
    assert sorted(task.result() for task in finished) == list(range(20))
    assert on_disk(path) == list(range(20))


async def test_each_migration_is_applied_once_and_new_ones_after_the_old(path: Path) -> None:
    applied: list[str] = []

    def note(db: Connection, name: str) -> None:
        # What a file should hold is found out in memory.
        if db.execute("PRAGMA database_list").fetchone()["file"]:
            applied.append(name)

    def first(db: Connection) -> None:
        note(db, "first")
        create_numbers(db)

    def second(db: Connection) -> None:
        note(db, "second")
        add(5)(db)

    for migrations in ([first], [first], [first, second], [first, second]):
        await SqliteDatabase(path, migrations).close()
    assert applied == ["first", "second"]
    assert on_disk(path) == [5]


async def test_what_is_written_during_a_read_is_not_seen_by_it(database: Database) -> None:
    begun, written = threading.Event(), threading.Event()

    def look_twice(db: Connection) -> tuple[list[int], list[int]]:
        before = [number for (number,) in db.execute("SELECT number FROM numbers")]
        begun.set()
        assert written.wait(60)
        return before, [number for (number,) in db.execute("SELECT number FROM numbers")]

    await database.write(add(1))
    reading = asyncio.create_task(database.read(look_twice))
    await asyncio.to_thread(begun.wait, 60)
    await database.write(add(2))
    written.set()
    assert await reading == ([1], [1])
    assert await database.read(lambda db: db.execute("SELECT count(*) FROM numbers").fetchone()[0]) == 2


async def test_a_read_that_fails_leaves_no_transaction_behind(database: Database) -> None:
    with pytest.raises(DatabaseError):
        await database.read(lambda db: db.execute("SELECT nothing"))
    await database.write(add(1))
    assert await database.read(lambda db: db.execute("SELECT count(*) FROM numbers").fetchone()[0]) == 1
