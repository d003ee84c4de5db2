"""The vectors of the next embedding model in SQL, beside those of the one that serves."""

from collections.abc import Mapping, Sequence

import numpy as np

from knowledge.errors import EmbeddingModelChanged
from knowledge.ingestion.chunk_vectors import ChunkVectors
from knowledge.ingestion.chunking import Chunk
from knowledge.storage.database import Connection, Database
from knowledge.storage.documents import DocumentPlace
from knowledge.storage.maintenance import UnembeddedChunk
from knowledge.storage.sql import folder_states
from knowledge.storage.sql.facts import SERVING_MODEL, get_fact, put_fact
from knowledge.storage.sql.maintenance import chunk_ids_by_place

_NEXT = "next_embedding_model"
# True between the swap in SQL and the move of the vector index to its own place.
_UNSETTLED = "vector_index_unsettled"


class SqlReembeddingStore:
    """The SQL implementation of `ReembeddingStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def next_model(self) -> str | None:
        return await self._database.read(lambda db: get_fact(db, _NEXT))

    async def begin(self, model: str) -> None:
        def begin(db: Connection) -> None:
            if get_fact(db, _NEXT) != model:
                _drop(db)
                put_fact(db, _NEXT, model)

        await self._database.write(begin, erasing=True)

    async def abandon(self) -> None:
        await self._database.write(_drop, erasing=True)

    async def unembedded_chunks(self, after: int, limit: int) -> list[UnembeddedChunk]:
        return await self._database.read(lambda db: _unembedded_chunks(db, after, limit))

    async def add_vectors(self, ids: Sequence[int], vectors: ChunkVectors) -> int:
        def add(db: Connection) -> int:
            if get_fact(db, _NEXT) != vectors.model:
                raise EmbeddingModelChanged(f"documents are not being embedded with {vectors.model} any more")
            # Chunks of documents that were removed or replaced meanwhile are not there any more.
            return db.executemany(
                """INSERT OR REPLACE INTO next_vectors (chunk_id, embedding, unit_vectors)
                   SELECT id, ?, ? FROM chunks WHERE id = ?""",
                [
                    (vector.astype(np.float32).tobytes(), units, chunk_id)
                    for chunk_id, vector, units in zip(ids, vectors.passages, vectors.units, strict=True)
                ],
            ).rowcount

        return await self._database.write(add)

    async def amounts(self) -> tuple[int, int]:
        return await self._database.read(_amounts, long=True)

    async def chunk_ids(self) -> Mapping[DocumentPlace, set[int]]:
        return await self._database.read(
            lambda db: chunk_ids_by_place(db, "WHERE c.id IN (SELECT chunk_id FROM next_vectors)"), long=True
        )

    async def embeddings(self, ids: Sequence[int]) -> Mapping[int, bytes]:
        marks = ",".join("?" * len(ids))
        chosen = f"SELECT chunk_id, embedding FROM next_vectors WHERE chunk_id IN ({marks})"
        return await self._database.read(lambda db: dict(db.execute(chosen, tuple(ids)).fetchall()))

    async def swap(self, model: str) -> bool:
        # The log then holds all chunks once more, and is emptied.
        return await self._database.write(lambda db: _swap(db, model), erasing=True)

    async def is_unsettled(self) -> bool:
        return await self._database.read(lambda db: get_fact(db, _UNSETTLED) is not None)

    async def settle(self) -> None:
        await self._database.write(lambda db: db.execute("DELETE FROM facts WHERE name = ?", (_UNSETTLED,)).rowcount)


def check_model(db: Connection, vectors: ChunkVectors) -> None:
    """Refuse vectors of another model than the stored ones."""
    serving = get_fact(db, SERVING_MODEL)
    if serving not in (None, vectors.model):
        raise EmbeddingModelChanged(f"the documents are now embedded with {serving}, no longer with {vectors.model}")


def _drop(db: Connection) -> None:
    db.execute("DELETE FROM next_vectors")
    db.execute("DELETE FROM facts WHERE name = ?", (_NEXT,))


def _unembedded_chunks(db: Connection, after: int, limit: int) -> list[UnembeddedChunk]:
    rows = db.execute(
        """SELECT c.id, d.title, c.position, c.section, c.text, c.page FROM chunks c
           JOIN documents d ON d.id = c.document_id LEFT JOIN next_vectors n ON n.chunk_id = c.id
           WHERE c.id > ? AND n.chunk_id IS NULL ORDER BY c.id LIMIT ?""",
        (after, limit),
    )
    return [
        UnembeddedChunk(row["id"], row["title"], Chunk(row["position"], row["section"], row["text"], row["page"]))
        for row in rows
    ]


def _amounts(db: Connection) -> tuple[int, int]:
    embedded, chunks = (
        int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in ("next_vectors", "chunks")
    )
    return embedded, chunks


def _swap(db: Connection, model: str) -> bool:
    if get_fact(db, _NEXT) != model or _unembedded_chunks(db, 0, 1):
        return False
    db.execute(
        """UPDATE chunks SET embedding = n.embedding, unit_vectors = n.unit_vectors
           FROM next_vectors n WHERE n.chunk_id = chunks.id"""
    )
    for row in db.execute("SELECT DISTINCT folder, owner FROM documents").fetchall():
        # What the other model found is not what is repeated.
        folder_states.record_change(db, DocumentPlace(row["folder"], row["owner"]))
    # They were for the index that is replaced.
    db.execute("DELETE FROM vector_changes")
    _drop(db)
    put_fact(db, SERVING_MODEL, model)
    put_fact(db, _UNSETTLED, "1")
    return True
