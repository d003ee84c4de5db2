"""Requests for a person, ratings of answers, and unanswered questions in SQL."""

import time
import uuid
from dataclasses import replace

from backend.auth.audit import AuditEntry
from backend.storage.handoffs import HandoffRequest, StoredHandoff, UnansweredQuestion
from backend.storage.sql import activity
from backend.storage.sql.audit import record_entry
from backend.storage.sql.threads import messages_of
from backend.storage.threads import StoredMessage
from frontdesk.contracts.events import Handoff
from knowledge.storage.database import Connection, Database

# Enough to see what a conversation is about; all of it is read with the handoff.
_SUMMARY_TURNS = 4
_SUMMARY_TURN_CHARS = 500


class SqlHandoffStore:
    """The SQL implementation of `HandoffStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, handoff_id: str) -> StoredHandoff | None:
        return await self._database.read(lambda db: _get_handoff(db, handoff_id))

    async def list_handoffs(
        self, user_id: str | None, resolved: bool | None, limit: int, offset: int
    ) -> tuple[int, list[StoredHandoff]]:
        return await self._database.read(lambda db: _list_handoffs(db, user_id, resolved, limit, offset))

    async def request_person(self, wish: HandoffRequest) -> str:
        return await self._database.write(lambda db: _request_person(db, wish))

    async def read_transcript(self, handoff: StoredHandoff, reader: str) -> list[StoredMessage] | None:
        return await self._database.read(lambda db: _transcript(db, handoff, reader), long=True)

    async def resolve(self, handoff_id: str, user_id: str, note: str, entry: AuditEntry) -> bool:
        return await self._database.write(lambda db: _resolve(db, handoff_id, user_id, note, entry))

    async def rate_answer(self, run_id: str, rating: str, comment: str) -> None:
        await self._database.write(lambda db: _rate_answer(db, run_id, rating, comment))

    async def unanswered(self, since: float, limit: int) -> list[UnansweredQuestion]:
        return await self._database.read(lambda db: _unanswered(db, since, limit), long=True)


def end_with_resolution(db: Connection) -> None:
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


def add_offer(db: Connection, run_id: str, handoff: Handoff) -> None:
    """Store the handoff that an answer announces; unless the user asked for a person, only the question is kept."""
    asked = handoff.summary if handoff.cause == "asked" else None
    db.execute(
        """INSERT INTO handovers
           (id, run_id, thread_id, user_id, agent_id, cause, reason, summary, created_at, place)
           SELECT ?, id, thread_id, user_id, ?, ?, ?, coalesce(?, question), ?,
                  (SELECT coalesce(max(place), 0) + 1 FROM handovers) FROM runs WHERE id = ?
           ON CONFLICT DO NOTHING""",
        (str(uuid.uuid4()), handoff.agent, handoff.cause, handoff.reason, asked, time.time(), run_id),
    )


def _request_person(db: Connection, wish: HandoffRequest) -> str:
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
    handoff_id = str(uuid.uuid4())
    db.execute(
        """INSERT INTO handovers (id, thread_id, user_id, cause, reason, contact, message, summary, created_at, place)
           VALUES (?, ?, ?, 'asked', 'the user asked to be contacted', ?, ?, ?, ?,
                   (SELECT coalesce(max(place), 0) + 1 FROM handovers))""",
        (handoff_id, wish.thread_id, wish.user_id, *said, time.time()),
    )
    return handoff_id


_HANDOFF = """SELECT id, run_id, thread_id, user_id, agent_id, cause, reason, summary, created_at, resolved_at,
              resolved_by, note, contact, message, last_message FROM handovers"""


def _list_handoffs(
    db: Connection, user_id: str | None, resolved: bool | None, limit: int, offset: int
) -> tuple[int, list[StoredHandoff]]:
    where, values = "TRUE", []
    if user_id is not None:
        where, values = "user_id = ?", [user_id]
    if resolved is not None:
        where += f" AND resolved_at IS {'NOT NULL' if resolved else 'NULL'}"
    total = db.execute(f"SELECT count(*) FROM handovers WHERE {where}", values).fetchone()[0]
    rows = db.execute(f"{_HANDOFF} WHERE {where} ORDER BY place LIMIT ? OFFSET ?", (*values, limit, offset))
    return total, [StoredHandoff(**dict(row)) for row in rows]


def _get_handoff(db: Connection, handoff_id: str) -> StoredHandoff | None:
    row = db.execute(f"{_HANDOFF} WHERE id = ?", (handoff_id,)).fetchone()
    return StoredHandoff(**dict(row)) if row else None


def _transcript(db: Connection, handoff: StoredHandoff, reader: str) -> list[StoredMessage] | None:
    own = handoff.user_id == reader
    if not (own or handoff.cause == "asked" or handoff.contact is not None):
        return None
    messages = messages_of(db, handoff.thread_id) if handoff.thread_id is not None else []
    if own or handoff.resolved_at is None:
        return messages
    before = db.execute(
        "SELECT id FROM messages WHERE thread_id = ? AND place <= ?", (handoff.thread_id, handoff.last_message)
    )
    shown = {row["id"] for row in before}
    # Feedback may be newer than the resolution.
    return [replace(message, feedback=None) for message in messages if message.id in shown]


def _resolve(db: Connection, handoff_id: str, user_id: str, note: str, entry: AuditEntry) -> bool:
    resolved = db.execute(
        """UPDATE handovers SET resolved_at = ?, resolved_by = ?, note = ?,
               last_message = (SELECT max(place) FROM messages WHERE thread_id = handovers.thread_id)
           WHERE id = ? AND resolved_at IS NULL""",
        (time.time(), user_id, note, handoff_id),
    )
    if not resolved.rowcount:
        return False
    record_entry(db, entry)
    return True


def _rate_answer(db: Connection, run_id: str, rating: str, comment: str) -> None:
    db.execute(
        """INSERT INTO feedback (run_id, rating, comment, created_at) VALUES (?, ?, ?, ?)
           ON CONFLICT (run_id) DO UPDATE SET
           rating = excluded.rating, comment = excluded.comment, created_at = excluded.created_at""",
        (run_id, rating, comment, time.time()),
    )
    activity.rate_run(db, run_id, rating)


def _unanswered(db: Connection, since: float, limit: int) -> list[UnansweredQuestion]:
    # Of questions that differ in nothing but capitals and full stops, the one that was asked last is shown.
    rows = db.execute(
        """SELECT question, agent, times, hedged, last_asked_at, run_id FROM (
               SELECT runs.question, handovers.agent_id AS agent, runs.created_at AS last_asked_at,
                      runs.id AS run_id, count(*) OVER same AS times,
                      count(*) FILTER (WHERE runs.finish_reason = 'hedged') OVER same AS hedged,
                      row_number() OVER (same ORDER BY runs.created_at DESC, runs.place DESC) AS recency
               FROM handovers JOIN runs ON runs.id = handovers.run_id
               WHERE handovers.cause = 'unanswered' AND runs.created_at >= ?
               WINDOW same AS (PARTITION BY lower(trim(runs.question, ' ?!.')), handovers.agent_id)
           ) AS asked WHERE recency = 1 ORDER BY times DESC, last_asked_at DESC LIMIT ?""",
        (since, limit),
    )
    return [UnansweredQuestion(**dict(row)) for row in rows]


def _summary(db: Connection, thread_id: str | None) -> str:
    """Return the last messages of the user in a conversation, shortened."""
    rows = db.execute(
        """SELECT content FROM messages WHERE thread_id = ? AND role = 'user'
           ORDER BY place DESC LIMIT ?""",
        (thread_id, _SUMMARY_TURNS),
    ).fetchall()
    return "\n".join(row["content"][:_SUMMARY_TURN_CHARS] for row in reversed(rows))
