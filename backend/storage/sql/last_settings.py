"""The settings of the last start, in SQL."""

import json
from collections.abc import Mapping
from typing import Any

from backend.auth.audit import AuditEntry
from backend.storage.sql.audit import record_entry
from knowledge.storage.database import Connection, Database


class SqlLastSettingsStore:
    """The SQL implementation of `LastSettingsStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read_settings(self) -> dict[str, Any]:
        return await self._database.read(_read_settings)

    async def replace_settings(self, settings: Mapping[str, Any], entry: AuditEntry) -> None:
        rows = [(name, json.dumps(value)) for name, value in settings.items()]

        def replace(db: Connection) -> None:
            record_entry(db, entry)
            db.execute("DELETE FROM last_settings")
            db.executemany("INSERT INTO last_settings (name, value) VALUES (?, ?)", rows)

        await self._database.write(replace)


def create_settings_table(db: Connection) -> None:
    """Create the table of the last start's settings, with a salted hash of each secret that only reveals changes."""
    db.execute("CREATE TABLE last_settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")


def _read_settings(db: Connection) -> dict[str, Any]:
    return {row["name"]: json.loads(row["value"]) for row in db.execute("SELECT name, value FROM last_settings")}
