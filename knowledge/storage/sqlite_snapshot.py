"""Reads of a SQLite file that another process may own and write to."""

import sqlite3
from contextlib import closing
from pathlib import Path

from knowledge.storage.damage import RESTORE, as_opening_failed


def open_read_only(file: Path) -> sqlite3.Connection:
    """Open a file for reading, without checkpoints: only its owner's own connection may do those."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)


def fact_of_file(file: Path, name: str) -> str | None:
    """Return a fact of the documents' database; None if there is no such fact or no such file."""
    if not file.exists():
        return None
    try:
        with closing(open_read_only(file)) as source:
            if not source.execute("SELECT 1 FROM sqlite_master WHERE name = 'facts'").fetchone():
                return None
            row = source.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
            return str(row[0]) if row else None
    except sqlite3.Error as error:
        raise as_opening_failed(error, file, RESTORE) from error
