"""The permanent erasure of the words of removed documents from the lexical indexes.

FTS5 only marks removed rows, and drops them when it next merges its segments. After a removal all segments are merged,
in small steps between which other writes proceed; a restart continues with the rest.
"""

import asyncio
import logging
import sqlite3

from knowledge.errors import DeskError
from knowledge.storage.database import Database

_LOG = logging.getLogger(__name__)
_TABLES = ("chunk_words", "own_words")
_FACT = "words_to_erase"
# A step of this many pages of some 4 kB delays other writes by a few milliseconds.
_PAGES = 64


def note(db: sqlite3.Connection) -> None:
    """Record a removal; the counter tells it from earlier ones."""
    db.execute(
        "INSERT INTO facts VALUES (?, '1') ON CONFLICT (name) DO UPDATE SET value = CAST(value + 1 AS TEXT)", (_FACT,)
    )


class WordEraser:
    """A background task that merges the lexical indexes from `start` until all is erased, or until `close`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def start(self) -> None:
        """Start the task unless it runs: one pass covers everything removed before it."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._erase(), name="erase-words")

    async def close(self) -> None:
        """Stop after the current step."""
        self._closing = True
        if self._task and not self._task.done():
            await asyncio.wait([self._task])

    async def _erase(self) -> None:
        try:
            while (due := await self._database.read(_due)) is not None:
                for table in _TABLES:
                    # A negative number makes FTS5 mark all segments for merging; the other steps continue that merge.
                    pages = -_PAGES
                    while await self._database.write(lambda db, table=table, pages=pages: _merge(db, table, pages)):  # type: ignore[misc]
                        pages = _PAGES
                        if self._closing:
                            return
                await self._database.write(lambda db, due=due: _settle(db, due), erasing=True)  # type: ignore[misc]
        except (DeskError, sqlite3.Error) as error:
            _LOG.warning("words of removed documents are not erased yet, but with the next removal: %s", error)


def _merge(db: sqlite3.Connection, table: str, pages: int) -> bool:
    """Merge some pages; return False when nothing is left to merge."""
    before = db.total_changes
    db.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', ?)", (pages,))
    return db.total_changes - before >= 2


def _due(db: sqlite3.Connection) -> str | None:
    row = db.execute("SELECT value FROM facts WHERE name = ?", (_FACT,)).fetchone()
    return row["value"] if row else None


def _settle(db: sqlite3.Connection, due: str) -> None:
    db.execute("DELETE FROM facts WHERE name = ? AND value = ?", (_FACT, due))
