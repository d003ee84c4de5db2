"""The checks of documents in SQLite and FTS5."""

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence

from knowledge.storage.database import Connection, Database
from knowledge.storage.documents import DocumentPlace
from knowledge.storage.maintenance import StoredAmounts
from knowledge.storage.sql import fts5
from knowledge.storage.sql.passages import embeddings_of_chunks

_WRONG = {
    "chunks without a document": "SELECT count(*) FROM chunks WHERE document_id NOT IN (SELECT id FROM documents)",
    "chunks whose vector has not the length of the others": """SELECT count(*) FROM chunks WHERE length(embedding) !=
        (SELECT length(embedding) FROM chunks GROUP BY 1 ORDER BY count(*) DESC LIMIT 1)""",
    "documents without a chunk": "SELECT count(*) FROM documents WHERE id NOT IN (SELECT document_id FROM chunks)",
}


class SqlCheckedStore:
    """The SQLite implementation of `CheckedStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def check_rows(self) -> StoredAmounts:
        return await self._database.read(_check_rows)

    async def check_words(self) -> list[str]:
        # FTS5 checks its index by an INSERT statement, which needs the writer.
        return await self._database.write(_check_words)

    async def chunk_ids(self) -> Mapping[DocumentPlace, set[int]]:
        return await self._database.read(chunk_ids_by_place, long=True)

    async def indexed_chunk_ids(self, *, owned: bool) -> set[int]:
        table = fts5.words_table(owned=owned)
        return await self._database.read(lambda db: {row[0] for row in db.execute(f"SELECT rowid FROM {table}")})

    async def changed_chunk_ids(self) -> set[int]:
        return await self._database.read(
            lambda db: {row[0] for row in db.execute("SELECT chunk_id FROM vector_changes")}
        )

    async def embeddings(self, ids: Sequence[int]) -> Mapping[int, bytes]:
        return await self._database.read(lambda db: embeddings_of_chunks(db, ids))

    async def rebuild_words(self) -> None:
        await self._database.write(fts5.rebuild_words)


def _check_rows(db: Connection) -> StoredAmounts:
    found = [row[0] for row in db.execute("PRAGMA integrity_check(20)")]
    problems = [f"knowledge.db: {line}" for line in found if line != "ok"]
    for kind, question in _WRONG.items():
        if count := db.execute(question).fetchone()[0]:
            named = kind.replace("chunks", "chunk", 1) if count == 1 else kind
            problems.append(f"knowledge.db: {count:,} {named}")
    documents, chunks, pending = (_count(db, table) for table in ("documents", "chunks", "vector_changes"))
    return StoredAmounts(documents, chunks, pending, tuple(problems))


def _check_words(db: Connection) -> list[str]:
    problems = []
    for owned in (False, True):
        table = fts5.words_table(owned=owned)
        try:
            db.execute(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")
        except sqlite3.DatabaseError as error:
            problems.append(f"words index: {table} is damaged ({error})")
    return problems


def chunk_ids_by_place(db: Connection, where: str = "") -> Mapping[DocumentPlace, set[int]]:
    """Return the ids of all chunks by place, or of those that meet a condition."""
    ids: dict[DocumentPlace, set[int]] = defaultdict(set)
    for folder, owner, chunk_id in db.execute(
        f"SELECT d.folder, d.owner, c.id FROM chunks c JOIN documents d ON d.id = c.document_id {where}"
    ):
        ids[DocumentPlace(folder, owner)].add(chunk_id)
    return ids


def _count(db: Connection, table: str) -> int:
    return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
