"""Audit entries made while no server is running."""

from pathlib import Path

from backend.auth.audit import AuditEntry
from backend.storage.sql import migrations
from backend.storage.stores import sql_stores
from knowledge.storage.sqlite import SqliteDatabase


async def record_offline(data_dir: Path, entry: AuditEntry) -> None:
    """Append an entry if a server has ever run on this directory; the caller must hold its lock."""
    file = data_dir / "desk.db"
    if not file.exists():
        return
    database = SqliteDatabase(file, migrations.MIGRATIONS)
    try:
        await sql_stores(database).audit.append([entry])
    finally:
        await database.close()
