"""Snapshots of SQLite files, also of those that another process writes to."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from knowledge.storage.damage import RESTORE, as_opening_failed


@contextmanager
def open_snapshot(file: Path) -> Iterator[sqlite3.Connection]:
    """Open a snapshot of a database, without blocking those who write to it."""
    try:
        # Read-only, without checkpoints: only the server's own connection may do those.
        source = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        with closing(source):
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            yield source
    except sqlite3.Error as error:
        raise as_opening_failed(error, file, RESTORE) from error


def fact_of_file(file: Path, name: str) -> str | None:
    """Return a fact of the documents' database; None if there is no such fact or no such file."""
    if not file.exists():
        return None
    with open_snapshot(file) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'facts'").fetchone():
            return None
        row = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else None
