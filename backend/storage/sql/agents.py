"""The agents that were changed over HTTP, in SQL."""

import time

from backend.auth.audit import AuditEntry
from backend.storage.sql.audit import record_entry
from knowledge.storage.database import Connection, Database


class SqlAgentStore:
    """The SQL implementation of `AgentStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all_changes(self) -> dict[str, str | None]:
        return await self._database.read(_all_changes)

    async def save_change(self, agent_id: str, fields: str | None, entry: AuditEntry) -> None:
        def save(db: Connection) -> None:
            db.execute(
                """INSERT INTO agents (id, fields, updated_at) VALUES (?, ?, ?)
                   ON CONFLICT (id) DO UPDATE SET fields = excluded.fields, updated_at = excluded.updated_at""",
                (agent_id, fields, time.time()),
            )
            record_entry(db, entry)

        await self._database.write(save)

    async def drop_change(self, agent_id: str, entry: AuditEntry) -> None:
        def drop(db: Connection) -> None:
            db.execute("DELETE FROM agents WHERE id = ?", (agent_id,))
            record_entry(db, entry)

        await self._database.write(drop)


def create_agents_table(db: Connection) -> None:
    """Create the table: an agent's fields as JSON, null to mark an agent file's agent as deleted."""
    db.execute("CREATE TABLE agents (id TEXT PRIMARY KEY, fields TEXT, updated_at REAL NOT NULL) WITHOUT ROWID")


def _all_changes(db: Connection) -> dict[str, str | None]:
    return {row["id"]: row["fields"] for row in db.execute("SELECT id, fields FROM agents ORDER BY id")}
