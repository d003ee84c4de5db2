"""What people say of answers, who waits for a person, and what nobody could answer: the statements in SQL."""

import sqlite3
import time
import uuid
from typing import Any

from agents.events import Handoff


def add(db: sqlite3.Connection, run_id: str, handoff: Handoff) -> None:
    """Somebody waits for a person."""
    db.execute(
        """INSERT OR IGNORE INTO handovers (id, run_id, agent_id, cause, reason, summary, created_at)
           VALUES (?, ?, ?, ?, ?, ?, ?)""",
        (str(uuid.uuid4()), run_id, handoff.agent, handoff.cause, handoff.reason, handoff.summary, time.time()),
    )


def listing(
    db: sqlite3.Connection, user_id: str | None, resolved: bool | None, limit: int, offset: int
) -> tuple[int, list[dict[str, Any]]]:
    """How many there are, and a page of them, the longest waiting first; one user's, or everybody's."""
    where, values = "1", []
    if user_id is not None:
        where, values = "runs.user_id = ?", [user_id]
    if resolved is not None:
        where += f" AND resolved_at IS {'NOT NULL' if resolved else 'NULL'}"
    source = f"FROM handovers JOIN runs ON runs.id = handovers.run_id WHERE {where}"
    total = db.execute(f"SELECT count(*) {source}", values).fetchone()[0]
    rows = db.execute(
        f"SELECT {_COLUMNS} {source} ORDER BY handovers.created_at, handovers.rowid LIMIT ? OFFSET ?",
        (*values, limit, offset),
    )
    return total, [dict(row) for row in rows]


def get(db: sqlite3.Connection, handover_id: str) -> dict[str, Any] | None:
    """One of them."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM handovers JOIN runs ON runs.id = handovers.run_id WHERE handovers.id = ?",
        (handover_id,),
    ).fetchone()
    return dict(row) if row else None


def resolve(db: sqlite3.Connection, handover_id: str, user_id: str, note: str) -> None:
    """A person has seen to it. Whoever was first stays named."""
    db.execute(
        "UPDATE handovers SET resolved_at = ?, resolved_by = ?, note = ? WHERE id = ? AND resolved_at IS NULL",
        (time.time(), user_id, note, handover_id),
    )


def rate(db: sqlite3.Connection, run_id: str, rating: str, comment: str) -> None:
    """Thumbs up or down; who changes their mind replaces what they said."""
    db.execute(
        """INSERT INTO feedback VALUES (?, ?, ?, ?) ON CONFLICT (run_id) DO UPDATE SET
           rating = excluded.rating, comment = excluded.comment, created_at = excluded.created_at""",
        (run_id, rating, comment, time.time()),
    )


def feedback_of(db: sqlite3.Connection, run_id: str) -> dict[str, Any] | None:
    """What was said of an answer."""
    row = db.execute("SELECT rating, comment, created_at FROM feedback WHERE run_id = ?", (run_id,)).fetchone()
    return dict(row) if row else None


def unanswered(db: sqlite3.Connection, since: float, limit: int) -> list[dict[str, Any]]:
    """Questions that the documents did not answer, those asked most often first."""
    # Beside a single max() SQLite takes the other columns from that row: the question as it was asked last.
    rows = db.execute(
        """SELECT runs.question, handovers.agent_id AS agent, count(DISTINCT runs.id) AS times,
                  max(runs.created_at) AS last_asked_at, runs.id AS run_id
           FROM handovers JOIN runs ON runs.id = handovers.run_id
           WHERE handovers.cause = 'unanswered' AND runs.created_at >= ?
           GROUP BY lower(trim(runs.question, ' ?!.')), handovers.agent_id
           ORDER BY times DESC, last_asked_at DESC LIMIT ?""",
        (since, limit),
    )
    return [dict(row) for row in rows]


_COLUMNS = """handovers.id, handovers.run_id, runs.thread_id, runs.user_id, handovers.agent_id, handovers.cause,
              handovers.reason, handovers.summary, handovers.created_at, handovers.resolved_at,
              handovers.resolved_by, handovers.note"""
