"""Agents that were changed over HTTP, in SQL: the table, and each statement that touches it."""

import sqlite3
import time


def create_agents_table(db: sqlite3.Connection) -> None:
    """Create the table: an agent's fields as JSON, null to mark an agent file's agent as deleted."""
    db.execute("CREATE TABLE agents (id TEXT PRIMARY KEY, fields TEXT, updated_at REAL NOT NULL) WITHOUT ROWID")


def stored_agents(db: sqlite3.Connection) -> dict[str, str | None]:
    """Return the fields of each agent that was changed; None where it was deleted."""
    return {row["id"]: row["fields"] for row in db.execute("SELECT id, fields FROM agents ORDER BY id")}


def store_agent(db: sqlite3.Connection, agent_id: str, fields: str | None) -> None:
    """Store an agent's fields, or None to mark it as deleted."""
    db.execute(
        """INSERT INTO agents VALUES (?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET fields = excluded.fields, updated_at = excluded.updated_at""",
        (agent_id, fields, time.time()),
    )


def forget_agent(db: sqlite3.Connection, agent_id: str) -> None:
    """Delete the row of an agent that no file would bring back, so that it needs no mark."""
    db.execute("DELETE FROM agents WHERE id = ?", (agent_id,))
