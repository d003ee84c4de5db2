"""Copies of a SQLite file: of a snapshot, while a server writes to it; and a change of a copy that nobody has open."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from knowledge.errors import DatabaseDamaged
from knowledge.storage.damage import RESTORE, as_opening_failed
from knowledge.storage.database import DatabaseError, T, Work
from knowledge.storage.sqlite_snapshot import open_read_only

_PAGES_AT_ONCE = 4_096


class SqliteSnapshot:
    """The state of a SQLite file at a moment, from which it can be copied."""

    def __init__(self, connection: sqlite3.Connection, file: Path) -> None:
        self._connection = connection
        self._file = file

    def copy_to(self, target: Path) -> int:
        """Copy the snapshot, check the integrity of the copy, and return the number of its migrations."""
        with closing(sqlite3.connect(target, isolation_level=None)) as copy:
            self._connection.backup(copy, pages=_PAGES_AT_ONCE)
            # A single file without a write-ahead log; the server switches back when it opens it.
            copy.execute("PRAGMA journal_mode = DELETE")
            found = [row[0] for row in copy.execute("PRAGMA integrity_check(3)")]
            if found != ["ok"]:
                raise DatabaseDamaged(
                    f"{self._file} is damaged ({'; '.join(found)}), so no backup is made of it; {RESTORE}"
                )
            return int(copy.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def open_snapshot(file: Path) -> Iterator[SqliteSnapshot]:
    """Open a snapshot of a database, without blocking those who write to it."""
    try:
        with closing(open_read_only(file)) as source:
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            yield SqliteSnapshot(source, file)
    except sqlite3.Error as error:
        raise as_opening_failed(error, file, RESTORE) from error


def change_copy(file: Path, work: Work[T]) -> T:
    """Run `work` in a transaction on a file that nobody else has open, as it is, without migrating it."""
    try:
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.row_factory = sqlite3.Row
            return work(connection)
    except sqlite3.Error as error:
        raise DatabaseError(str(error)) from error
