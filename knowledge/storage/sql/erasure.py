"""The erasure of removed words from the lexical indexes, in SQL.

FTS5 only marks removed rows, and drops them when it next merges its segments.
"""

from knowledge.storage.database import Connection, Database
from knowledge.storage.sql.facts import get_fact
from knowledge.storage.sql.fts5 import words_table

_FACT = "words_to_erase"
# A step of this many pages of some 4 kB delays other writes by a few milliseconds.
_PAGES = 64


class SqlErasureStore:
    """The SQL implementation of `ErasureStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def removals_to_erase(self) -> str | None:
        return await self._database.read(lambda db: get_fact(db, _FACT))

    async def merge_words(self, *, owned: bool, begins: bool) -> bool:
        return await self._database.write(lambda db: _merge_words(db, owned, begins))

    async def settle_removals(self, removals: str) -> None:
        def settle(db: Connection) -> None:
            db.execute("DELETE FROM facts WHERE name = ? AND value = ?", (_FACT, removals))

        await self._database.write(settle, erasing=True)


def record_removal(db: Connection) -> None:
    """Record a removal; the counter tells it from earlier ones."""
    db.execute(
        """INSERT INTO facts (name, value) VALUES (?, '1')
           ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(facts.value AS INTEGER) + 1 AS TEXT)""",
        (_FACT,),
    )


def _merge_words(db: Connection, owned: bool, begins: bool) -> bool:
    table = words_table(owned=owned)
    before = _changed_rows(db)
    # A negative number makes FTS5 mark all segments for merging; the other steps continue that merge.
    db.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', ?)", (-_PAGES if begins else _PAGES,))
    return _changed_rows(db) - before >= 2


def _changed_rows(db: Connection) -> int:
    return int(db.execute("SELECT total_changes()").fetchone()[0])
