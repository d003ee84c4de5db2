"""A SQLite file with a thread and connection for writes, one for short reads, and one for long reads.

Queued writes are committed as a group, so a write does not wait when the server is idle and costs next to nothing when
it is busy. Each write has its own savepoint, so a failed one does not roll back the others.
"""

import asyncio
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

from knowledge.errors import DatabaseDamaged, StorageFull
from knowledge.storage import damage
from knowledge.storage.damage import RESTORE, Migration
from knowledge.storage.database import DatabaseError, T, Work

_LOG = logging.getLogger(__name__)

# The most writes in one transaction, since the first waits for the last.
MAX_BATCH = 256
# A file up to this size is checked in full before it is served, a larger one in the background. A gigabyte takes 0.7 s
# from the page cache, and from a cold disk as long as that takes (15 s were seen).
_CHECKED_AT_ONCE = 256_000_000
_BUSY_MS = 5_000


class _Job(NamedTuple):
    work: Work[Any]
    result: Future[Any]
    erasing: bool = False


class SqliteDatabase:
    """The owner of a SQLite file from construction to `close`; `remedy` tells operators what helps if it is damaged."""

    def __init__(self, path: Path, migrations: Sequence[Migration], remedy: str = RESTORE) -> None:
        self._path, self._remedy = path, remedy
        self.damage: str | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = _open_writer(path, migrations, remedy)
            self._readers = {long: _open_reader(path) for long in (False, True)}
            self._checker = _open_reader(path) if path.stat().st_size > _CHECKED_AT_ONCE else None
        except (OSError, sqlite3.Error) as error:
            raise damage.as_opening_failed(error, path, remedy) from error
        self._writes: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._reads: dict[bool, queue.SimpleQueue[_Job | None]] = {long: queue.SimpleQueue() for long in self._readers}
        self._closed = False
        # True while the write-ahead log still holds erased data.
        self._log_to_empty = False
        self._threads = [
            threading.Thread(target=self._write_loop, name=f"{path.stem}-writer", daemon=True),
            *(
                threading.Thread(target=self._read_loop, args=[long], name=f"{path.stem}-reader-{long:d}", daemon=True)
                for long in self._readers
            ),
        ]
        if self._checker:
            self._threads.append(
                threading.Thread(target=self._check, args=[self._checker], name=f"{path.stem}-check", daemon=True)
            )
        for thread in self._threads:
            thread.start()

    async def write(self, work: Work[T], *, erasing: bool = False) -> T:
        """Run `work` in a transaction; it is durable when this returns.

        Deleted data is overwritten in the file. With `erasing`, the write-ahead log is truncated too: at once, or as
        soon as no reader needs an earlier snapshot.
        """
        self._check_open()
        job = _Job(work, Future(), erasing)
        self._writes.put(job)
        return await asyncio.wrap_future(job.result)

    async def read(self, work: Work[T], *, long: bool = False) -> T:
        """Run `work` on a reading connection in one snapshot, which includes every write that has returned.

        With `long`, for queries that scan much of the file, a separate connection is used, so short reads do not wait.
        """
        self._check_open()
        job = _Job(work, Future())
        self._reads[long].put(job)
        return await asyncio.wrap_future(job.result)

    async def close(self) -> None:
        """Finish the queued jobs, then close all connections."""
        self._closed = True
        if self._checker:
            self._checker.interrupt()
        self._writes.put(None)
        for reads in self._reads.values():
            reads.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        for reader in (*self._readers.values(), self._checker):
            if reader:
                reader.close()
        self._writer.close()

    def _check_open(self) -> None:
        if self._closed:
            raise DatabaseError("the database is closed")

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
        self._log_to_empty |= any(job.erasing for job in batch)
        if self._log_to_empty:
            self._empty_log()
        for job, value, failure in outcomes:
            _settle(job.result, value, self._named(failure))

    def _empty_log(self) -> None:
        """Truncate the write-ahead log, or retry later if a reader still needs an earlier snapshot."""
        with suppress(sqlite3.Error):
            self._writer.execute("PRAGMA busy_timeout = 0")
            self._log_to_empty = bool(self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
        self._writer.execute(f"PRAGMA busy_timeout = {_BUSY_MS:d}")

    def _attempt(self, job: _Job) -> tuple[_Job, Any, BaseException | None]:
        self._writer.execute("SAVEPOINT job")
        try:
            value = job.work(self._writer)
        except Exception as error:
            # When the disk is full, SQLite may have rolled back the whole transaction.
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
            except Exception as error:  # noqa: BLE001 - handed to the caller that awaits this job
                _settle(job.result, None, self._named(error))
            else:
                _settle(job.result, value, None)
            if self._log_to_empty and not self._closed:
                self._writes.put(_Job(lambda db: None, Future()))

    def _check(self, reader: sqlite3.Connection) -> None:
        """Check a large file in the background while it is served."""
        try:
            found = damage.damage_of(reader)
        except sqlite3.Error as error:
            found = str(error) if damage.is_damage(error) else None
        if found:
            self._note_damage(found)

    def _note_damage(self, found: object) -> None:
        if self.damage is None:
            self.damage = f"{self._path.name} is damaged"
            _LOG.error("%s is damaged (%s); %s", self._path, found, self._remedy)

    def _named(self, failure: BaseException | None) -> BaseException | None:
        """Turn a full disk, which passes, and a damaged file, which does not, into errors that tell the operator."""
        if damage.is_full(failure):
            return StorageFull(f"the disk that holds DATA_DIR is full ({failure}); make room, then try again")
        if damage.is_damage(failure):
            self._note_damage(failure)
            return DatabaseDamaged(f"{self._path.name} is damaged; the log of the desk says what to do about it")
        if isinstance(failure, sqlite3.Error):
            error = DatabaseError(str(failure))
            error.__cause__ = failure
            return error
        return failure


def _snapshot(reader: sqlite3.Connection, work: Work[T]) -> T:
    """Run all statements of a job in one read transaction, so that they see the same state."""
    reader.execute("BEGIN")
    try:
        return work(reader)
    finally:
        if reader.in_transaction:
            reader.execute("COMMIT")


def _settle(result: Future[Any], value: object, failure: BaseException | None) -> None:
    # False means that the caller was cancelled meanwhile; the write stands all the same.
    if not result.set_running_or_notify_cancel():
        return
    if failure is None:
        result.set_result(value)
    else:
        result.set_exception(failure)


def _create(path: Path) -> None:
    """Create a database file that has a header from the start: an empty file counts as damaged, never as new."""
    fresh = path.with_name(f"{path.name}.new")
    # The write-ahead log of a deleted file must not be applied to the new one.
    for left in (fresh, *(path.with_name(path.name + ending) for ending in ("-wal", "-shm"))):
        left.unlink(missing_ok=True)
    with closing(sqlite3.connect(fresh)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    os.replace(fresh, path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    return connection


def _open_writer(path: Path, migrations: Sequence[Migration], remedy: str) -> sqlite3.Connection:
    if not path.exists():
        _create(path)
    elif not path.stat().st_size:
        raise DatabaseDamaged(f"{path} is damaged: it is empty; {remedy}")
    writer = _connect(path)
    try:
        damage.check(writer, path, migrations, remedy)
        if path.stat().st_size <= _CHECKED_AT_ONCE and (found := damage.damage_of(writer)):
            raise DatabaseDamaged(f"{path} is damaged ({found}); {remedy}")
        writer.execute("PRAGMA journal_mode = WAL")
        # Commits survive a killed process; after a power cut the file is intact but may lack the last moments.
        writer.execute("PRAGMA synchronous = NORMAL")
        # Overwrites deleted data even in free pages, which FAST would leave.
        writer.execute("PRAGMA secure_delete = ON")
        # A read-only file is detected now and not by the first question.
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("CREATE TABLE written (x)")
        writer.execute("ROLLBACK")
        _migrate(writer, migrations)
    except BaseException:
        writer.close()
        raise
    return writer


def _open_reader(path: Path) -> sqlite3.Connection:
    """Open a connection that never writes or checkpoints: before SQLite 3.51, two that reset a WAL can corrupt it."""
    reader = _connect(path)
    reader.execute("PRAGMA query_only = 1")
    reader.execute("PRAGMA wal_autocheckpoint = 0")
    return reader


def _migrate(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    """Apply the new migrations of an append-only list; `user_version` counts those already applied."""
    done = connection.execute("PRAGMA user_version").fetchone()[0]
    # A referenced table can only be replaced while foreign keys are not enforced.
    connection.execute("PRAGMA foreign_keys = OFF")
    for number, migration in enumerate(migrations[done:], start=done + 1):
        connection.execute("BEGIN IMMEDIATE")
        migration(connection)
        connection.execute(f"PRAGMA user_version = {number:d}")
        connection.execute("COMMIT")
    connection.execute("PRAGMA foreign_keys = ON")
