"""The pending changes of the vector index in SQL."""

from knowledge.storage.database import Connection, Database
from knowledge.storage.documents import DocumentPlace
from knowledge.storage.sql.passages import embeddings_of_chunks
from knowledge.storage.vector_changes import VectorChanges


class SqlVectorChangeStore:
    """The SQL implementation of `VectorChangeStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pending_changes(self, limit: int) -> VectorChanges:
        return await self._database.read(lambda db: _pending_changes(db, limit))

    async def acknowledge_changes(self, changes: VectorChanges) -> None:
        def acknowledge(db: Connection) -> None:
            db.executemany("DELETE FROM vector_changes WHERE id = ?", [(change_id,) for change_id in changes.ids])

        await self._database.write(acknowledge)

    async def record_all_chunks(self) -> None:
        await self._database.write(record_all_chunks)


def record_all_chunks(db: Connection) -> None:
    """Replace all pending changes by one that adds each chunk."""
    db.execute("DELETE FROM vector_changes")
    db.execute(
        """INSERT INTO vector_changes (folder, owner, chunk_id, removed)
           SELECT d.folder, d.owner, c.id, 0 FROM chunks c JOIN documents d ON d.id = c.document_id"""
    )


def _pending_changes(db: Connection, limit: int) -> VectorChanges:
    rows = db.execute("SELECT id, folder, owner, chunk_id FROM vector_changes ORDER BY id LIMIT ?", (limit,)).fetchall()
    vectors = embeddings_of_chunks(db, [row["chunk_id"] for row in rows])
    # A chunk that was added and removed since is recorded twice.
    changed = dict.fromkeys((DocumentPlace(row["folder"], row["owner"]), row["chunk_id"]) for row in rows)
    return VectorChanges(
        added=[(place, chunk_id, vectors[chunk_id]) for place, chunk_id in changed if chunk_id in vectors],
        removed=[(place, chunk_id) for place, chunk_id in changed if chunk_id not in vectors],
        ids=tuple(row["id"] for row in rows),
    )
