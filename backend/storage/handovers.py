"""Ratings of answers, hand-overs to a person, and unanswered questions: the statements in SQL."""

import sqlite3
import time
import uuid
from dataclasses import dataclass
from typing import Any

from backend.storage import threads
from frontdesk.contracts.events import Handoff

# Enough to see what a conversation is about; all of it is read with the hand-over.
_SUMMARY_TURNS = 4
_SUMMARY_TURN_CHARS = 500


@dataclass(frozen=True)
class HandoverRequest:
    """A user's request for a person, in a conversation or outside of any, and how the user is reached."""

    user_id: str
    thread_id: str | None
    contact: str
    message: str


def end_with_resolution(db: sqlite3.Connection) -> None:
    """Add the last message before each resolution, and keep only the question in the summary of an offer."""
    db.execute("ALTER TABLE handovers ADD COLUMN last_message INTEGER")
    db.execute(
        """UPDATE handovers SET last_message = (SELECT max(place) FROM messages
               WHERE thread_id = handovers.thread_id AND created_at <= handovers.resolved_at)
           WHERE resolved_at IS NOT NULL"""
    )
    # Requests of the conversation itself name no agent: with one, its model has called the person.
    db.execute(
        "UPDATE handovers SET cause = 'agent' WHERE cause = 'asked' AND agent_id IS NOT NULL AND contact IS NULL"
    )
    db.execute(
        """UPDATE handovers SET summary = coalesce((SELECT question FROM runs WHERE id = handovers.run_id), summary)
           WHERE cause != 'asked' AND contact IS NULL"""
    )


def add(db: sqlite3.Connection, run_id: str, handoff: Handoff) -> None:
    """Store the hand-over that an answer announces; unless the user asked for a person, only the question is kept."""
    asked = handoff.summary if handoff.cause == "asked" else None
    db.execute(
        """INSERT OR IGNORE INTO handovers
           (id, run_id, thread_id, user_id, agent_id, cause, reason, summary, created_at, place)
           SELECT ?, id, thread_id, user_id, ?, ?, ?, coalesce(?, question), ?,
                  (SELECT coalesce(max(place), 0) + 1 FROM handovers) FROM runs WHERE id = ?""",
        (str(uuid.uuid4()), handoff.agent, handoff.cause, handoff.reason, asked, time.time(), run_id),
    )


def ask(db: sqlite3.Connection, wish: HandoverRequest) -> str:
    """Store a request for a person and return its id; an open offer of the same conversation is taken up."""
    said = (wish.contact, wish.message, _summary(db, wish.thread_id))
    # Otherwise an operator would find the same matter twice.
    offered = db.execute(
        """UPDATE handovers SET contact = ?, message = ?, summary = ? WHERE id = (
               SELECT id FROM handovers WHERE thread_id = ? AND resolved_at IS NULL AND contact IS NULL
               ORDER BY place DESC LIMIT 1) RETURNING id""",
        (*said, wish.thread_id),
    ).fetchone()
    if offered:
        return str(offered["id"])
    handover_id = str(uuid.uuid4())
    db.execute(
        """INSERT INTO handovers (id, thread_id, user_id, cause, reason, contact, message, summary, created_at, place)
           VALUES (?, ?, ?, 'asked', 'the user asked to be contacted', ?, ?, ?, ?,
                   (SELECT coalesce(max(place), 0) + 1 FROM handovers))""",
        (handover_id, wish.thread_id, wish.user_id, *said, time.time()),
    )
    return handover_id


def listing(
    db: sqlite3.Connection, user_id: str | None, resolved: bool | None, limit: int, offset: int
) -> tuple[int, list[dict[str, Any]]]:
    """Count the hand-overs of one user, or everybody's, and return a page of them, the longest waiting first."""
    where, values = "1", []
    if user_id is not None:
        where, values = "user_id = ?", [user_id]
    if resolved is not None:
        where += f" AND resolved_at IS {'NOT NULL' if resolved else 'NULL'}"
    total = db.execute(f"SELECT count(*) FROM handovers WHERE {where}", values).fetchone()[0]
    rows = db.execute(
        f"SELECT * FROM handovers WHERE {where} ORDER BY place LIMIT ? OFFSET ?",
        (*values, limit, offset),
    )
    return total, [dict(row) for row in rows]


def get(db: sqlite3.Connection, handover_id: str) -> dict[str, Any] | None:
    """Return a hand-over by id."""
    row = db.execute("SELECT * FROM handovers WHERE id = ?", (handover_id,)).fetchone()
    return dict(row) if row else None


def transcript(db: sqlite3.Connection, handover: dict[str, Any], reader: str) -> list[dict[str, Any]] | None:
    """Return the messages that `reader` may see; None for another user's conversation that asked for no person.

    Readers other than its user see it up to the resolution, by the messages' order, since a clock may be set back.
    """
    own = handover["user_id"] == reader
    if not (own or handover["cause"] == "asked" or handover["contact"] is not None):
        return None
    messages = threads.messages_of(db, handover["thread_id"])
    if own or handover["resolved_at"] is None:
        return messages
    before = db.execute(
        "SELECT id FROM messages WHERE thread_id = ? AND place <= ?", (handover["thread_id"], handover["last_message"])
    )
    shown = {row["id"] for row in before}
    # Feedback may be newer than the resolution.
    return [{**message, "feedback": None} for message in messages if message["id"] in shown]


def resolve(db: sqlite3.Connection, handover_id: str, user_id: str, note: str) -> bool:
    """Mark a hand-over as resolved; return False if somebody had done so before, who stays named."""
    resolved = db.execute(
        """UPDATE handovers SET resolved_at = ?, resolved_by = ?, note = ?,
               last_message = (SELECT max(place) FROM messages WHERE thread_id = handovers.thread_id)
           WHERE id = ? AND resolved_at IS NULL""",
        (time.time(), user_id, note, handover_id),
    )
    return bool(resolved.rowcount)


def rate(db: sqlite3.Connection, run_id: str, rating: str, comment: str) -> None:
    """Store the rating of an answer in place of any earlier one."""
    db.execute(
        """INSERT INTO feedback VALUES (?, ?, ?, ?) ON CONFLICT (run_id) DO UPDATE SET
           rating = excluded.rating, comment = excluded.comment, created_at = excluded.created_at""",
        (run_id, rating, comment, time.time()),
    )


def feedback_of(db: sqlite3.Connection, run_id: str) -> dict[str, Any] | None:
    """Return the rating of an answer and its comment."""
    row = db.execute("SELECT rating, comment, created_at FROM feedback WHERE run_id = ?", (run_id,)).fetchone()
    return dict(row) if row else None


def unanswered(db: sqlite3.Connection, since: float, limit: int) -> list[dict[str, Any]]:
    """Return the questions that the documents did not answer, those asked most often first."""
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


def _summary(db: sqlite3.Connection, thread_id: str | None) -> str:
    """Return the last messages of the user in a conversation, shortened."""
    rows = db.execute(
        """SELECT content FROM messages WHERE thread_id = ? AND role = 'user'
           ORDER BY place DESC LIMIT ?""",
        (thread_id, _SUMMARY_TURNS),
    ).fetchall()
    return "\n".join(row["content"][:_SUMMARY_TURN_CHARS] for row in reversed(rows))
