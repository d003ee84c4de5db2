"""Uploaded archives, in SQL."""

from collections.abc import Collection

from knowledge.errors import DeskError
from knowledge.storage.database import Connection, Database, DatabaseError

_PART_BYTES = 1_000_000


class SqlUploadStore:
    """The SQL implementation of `UploadStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save_upload(self, run_id: str, data: bytes) -> None:
        try:
            for part, start in enumerate(range(0, max(1, len(data)), _PART_BYTES)):
                row = (run_id, part, data[start : start + _PART_BYTES])
                await self._database.write(lambda db, row=row: _save_part(db, row))  # type: ignore[misc]
        except (DatabaseError, DeskError):
            # Deleting takes no room. Should it fail as well, the next start deletes the parts.
            await self.delete_upload(run_id)
            raise

    async def read_upload(self, run_id: str) -> bytes | None:
        parts: list[bytes] = []
        while (part := await self._database.read(lambda db: _read_part(db, run_id, len(parts)))) is not None:
            parts.append(part)
        return b"".join(parts) if parts else None

    async def delete_upload(self, run_id: str) -> None:
        await self._database.write(lambda db: _delete_upload(db, run_id), erasing=True)

    async def delete_other_uploads(self, needed: Collection[str]) -> None:
        stored = await self._database.read(_uploaded_runs)
        for run_id in stored:
            if run_id not in needed:
                await self.delete_upload(run_id)


def create_uploads_table(db: Connection) -> None:
    """Create the table of uploaded archives."""
    db.execute(
        """CREATE TABLE uploads (
            run_id TEXT NOT NULL, part INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (run_id, part))"""
    )


def _save_part(db: Connection, row: tuple[str, int, bytes]) -> None:
    db.execute("INSERT INTO uploads (run_id, part, data) VALUES (?, ?, ?)", row)


def _read_part(db: Connection, run_id: str, part: int) -> bytes | None:
    row = db.execute("SELECT data FROM uploads WHERE run_id = ? AND part = ?", (run_id, part)).fetchone()
    return bytes(row["data"]) if row else None


def _delete_upload(db: Connection, run_id: str) -> None:
    db.execute("DELETE FROM uploads WHERE run_id = ?", (run_id,))


def _uploaded_runs(db: Connection) -> list[str]:
    return [row["run_id"] for row in db.execute("SELECT DISTINCT run_id FROM uploads ORDER BY run_id")]
