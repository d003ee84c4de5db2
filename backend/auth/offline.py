"""Entries of the audit log that are made while no desk is running."""

from pathlib import Path

from backend.auth.audit import AuditEntry, record
from backend.storage import migrations
from knowledge.storage.sqlite import Database


async def record_offline(data_dir: Path, entry: AuditEntry) -> None:
    """Append an entry, if a desk has ever run here; whoever calls this owns the directory."""
    file = data_dir / "desk.db"
    if not file.exists():
        return
    database = Database(file, migrations.MIGRATIONS)
    try:
        await database.write(lambda db: record(db, entry))
    finally:
        await database.close()
