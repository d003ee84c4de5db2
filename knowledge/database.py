"""One SQLite file: one writing connection on its own thread, and two reading ones: what takes long has its own.

Writes that wait together are committed together, so a write costs no waiting when the desk is idle and next to
nothing when it is busy. Each keeps its own savepoint: one that fails takes none of the others with it.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from knowledge.errors import DataDirectoryUnusable, StorageFull

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
Migration = Callable[[sqlite3.Connection], None]

# A quota, and a limit on the size of files, show as writes that fail.
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})
# More than this in one transaction would make the first of them wait for the last.
MAX_BATCH = 256


class _Job(NamedTuple):
    work: Work[Any]
    result: Future[Any]


class Database:
    """Owns the file from construction to `close`."""

    def __init__(self, path: Path, migrations: Sequence[Migration]) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = _open(path)
            _migrate(self._writer, migrations)
            self._readers = {long: _open(path) for long in (False, True)}
        except (OSError, sqlite3.Error) as error:
            raise DataDirectoryUnusable(f"{path} cannot be opened: {error}") from error
        # The readers never write and never checkpoint:
        # SQLite before 3.51 can corrupt a WAL that two connections reset.
        for reader in self._readers.values():
            reader.execute("PRAGMA query_only = 1")
            reader.execute("PRAGMA wal_autocheckpoint = 0")
        self._writes: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._reads: dict[bool, queue.SimpleQueue[_Job | None]] = {long: queue.SimpleQueue() for long in self._readers}
        self._closed = False
        self._threads = (
            threading.Thread(target=self._write_loop, name=f"{path.stem}-writer", daemon=True),
            *(
                threading.Thread(target=self._read_loop, args=[long], name=f"{path.stem}-reader-{long:d}", daemon=True)
                for long in self._readers
            ),
        )
        for thread in self._threads:
            thread.start()

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction; it is durable when this returns."""
        self._check_open()
        job = _Job(work, Future())
        self._writes.put(job)
        return await asyncio.wrap_future(job.result)

    async def read(self, work: Work[T], *, long: bool = False) -> T:
        """Run `work` on a reading connection: it sees every write that has returned, and none that comes meanwhile.

        What looks through much of the file is `long`: nothing else then waits for it.
        """
        self._check_open()
        job = _Job(work, Future())
        self._reads[long].put(job)
        return await asyncio.wrap_future(job.result)

    async def close(self) -> None:
        """Finish what is queued, then close both connections."""
        self._closed = True
        self._writes.put(None)
        for reads in self._reads.values():
            reads.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        for reader in self._readers.values():
            reader.close()
        self._writer.close()

    def _check_open(self) -> None:
        if self._closed:
            raise sqlite3.ProgrammingError("the database is closed")

    def _write_loop(self) -> None:
        while (job := self._writes.get()) is not None:
            batch = [job]
            closing = False
            while len(batch) < MAX_BATCH and not self._writes.empty():
                following = self._writes.get()
                if following is None:
                    closing = True
                    break
                batch.append(following)
            self._commit(batch)
            if closing:
                return

    def _commit(self, batch: list[_Job]) -> None:
        outcomes: list[tuple[_Job, Any, BaseException | None]] = []
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            outcomes.extend(self._attempt(job) for job in batch)
            self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            outcomes = [(job, None, error) for job in batch]
        for job, value, failure in outcomes:
            _settle(job.result, value, _named(failure))

    def _attempt(self, job: _Job) -> tuple[_Job, Any, BaseException | None]:
        self._writer.execute("SAVEPOINT job")
        try:
            value = job.work(self._writer)
        except Exception as error:
            # When the disk is full, SQLite may have rolled back all of the transaction.
            if isinstance(error, sqlite3.Error) and not self._writer.in_transaction:
                raise
            self._writer.execute("ROLLBACK TO job")
            self._writer.execute("RELEASE job")
            return job, None, error
        self._writer.execute("RELEASE job")
        return job, value, None

    def _read_loop(self, long: bool) -> None:
        while (job := self._reads[long].get()) is not None:
            try:
                value = _snapshot(self._readers[long], job.work)
            except Exception as error:  # noqa: BLE001 - handed to whoever awaits this job
                _settle(job.result, None, error)
            else:
                _settle(job.result, value, None)


def _snapshot(reader: sqlite3.Connection, work: Work[T]) -> T:
    """All statements of a job see the same state, whatever is written between them."""
    reader.execute("BEGIN")
    try:
        return work(reader)
    finally:
        if reader.in_transaction:
            reader.execute("COMMIT")


def containing(text: str) -> str:
    """The pattern of what holds a text as it is, for `LIKE ? ESCAPE '\\'`."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _named(failure: BaseException | None) -> BaseException | None:
    """A disk that is full is an operator's matter, and soon mended."""
    if isinstance(failure, sqlite3.OperationalError) and failure.sqlite_errorcode in _FULL:
        return StorageFull(f"the disk that holds DATA_DIR is full ({failure}); make room, then try again")
    return failure


def _settle(result: Future[Any], value: object, failure: BaseException | None) -> None:
    # False means that whoever asked was cancelled meanwhile; the write stands all the same.
    if not result.set_running_or_notify_cancel():
        return
    if failure is None:
        result.set_result(value)
    else:
        result.set_exception(failure)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    # Commits survive a killed process; after a power cut the file is whole but may lack the last instants.
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _migrate(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    """Apply what is new of an append-only list; the file remembers how many it has had."""
    done = connection.execute("PRAGMA user_version").fetchone()[0]
    # A table that others refer to can only be replaced while nobody looks after the references.
    connection.execute("PRAGMA foreign_keys = OFF")
    for number, migration in enumerate(migrations[done:], start=done + 1):
        connection.execute("BEGIN IMMEDIATE")
        migration(connection)
        connection.execute(f"PRAGMA user_version = {number:d}")
        connection.execute("COMMIT")
    connection.execute("PRAGMA foreign_keys = ON")
