"""Conversations and their messages in SQL: begin, list, search, rename, soft-delete and restore."""

import json
import sqlite3
import time
from dataclasses import dataclass
from typing import Any, Literal

from agents.direct_completion import LLM
from backend.runs.indexing_job import INDEXING
from knowledge.storage.database import containing
from knowledge.text.characters import cleaned_line

TITLE_CHARS = 60

Status = Literal["active", "deleted", "all"]

# A conversation shows nothing of a run that another has replaced.
_SHOWN = """NOT EXISTS (SELECT 1 FROM runs AS newer
            WHERE newer.thread_id = messages.thread_id AND newer.replaces = messages.run_id)"""


@dataclass(frozen=True)
class StoredThread:
    """A conversation of one user with one agent, or with the supervisor."""

    id: str
    user_id: str
    agent_id: str
    session_id: str
    title: str
    created_at: float
    updated_at: float
    deleted_at: float | None


@dataclass(frozen=True)
class ThreadFilter:
    """A filter for the conversations of one user."""

    user_id: str
    status: Status = "active"
    agent_id: str | None = None
    search: str | None = None
    session_prefix: str | None = None
    session_id: str | None = None


def begin(
    db: sqlite3.Connection, thread_id: str, user_id: str, agent_id: str, session_id: str, question: str, now: float
) -> None:
    """Begin a conversation with its first question."""
    db.execute(
        """INSERT INTO threads (id, user_id, agent_id, session_id, title, created_at, updated_at)
           VALUES (?, ?, ?, ?, ?, ?, ?)""",
        (thread_id, user_id, agent_id, session_id, title_of(question), now, now),
    )


def touch(db: sqlite3.Connection, thread_id: str, user_id: str, now: float) -> bool:
    """Move a conversation to the top for a new question; return False if it was deleted."""
    changed = db.execute(
        """UPDATE threads SET updated_at = max(updated_at, ?)
           WHERE id = ? AND user_id = ? AND deleted_at IS NULL""",
        (now, thread_id, user_id),
    )
    return changed.rowcount > 0


def title_of(question: str) -> str:
    """Shorten a question to the title that its conversation has until somebody renames it."""
    line = cleaned_line(question)
    return line if len(line) <= TITLE_CHARS else line[: TITLE_CHARS - 3].rstrip() + "..."


def retitle(db: sqlite3.Connection, thread_id: str, question: str) -> None:
    """Give a conversation the title of the question that replaces its only one, unless somebody has renamed it."""
    only = db.execute(
        f"""SELECT min(content) FROM messages WHERE thread_id = ? AND role = 'user' AND {_SHOWN}
            HAVING count(*) = 1""",
        (thread_id,),
    ).fetchone()
    if only:
        renamed = (title_of(question), thread_id, title_of(only[0]))
        db.execute("UPDATE threads SET title = ? WHERE id = ? AND title = ?", renamed)


def get(db: sqlite3.Connection, user_id: str, thread_id: str) -> StoredThread | None:
    """Return a conversation of that user, soft-deleted or not."""
    row = db.execute("SELECT * FROM threads WHERE id = ? AND user_id = ?", (thread_id, user_id)).fetchone()
    return StoredThread(**dict(row)) if row else None


def of_session(db: sqlite3.Connection, user_id: str, agent_id: str, session_id: str) -> str | None:
    """Return the conversation of a session, if it has begun."""
    row = db.execute(
        "SELECT id FROM threads WHERE user_id = ? AND agent_id = ? AND session_id = ? AND deleted_at IS NULL",
        (user_id, agent_id, session_id),
    ).fetchone()
    return row["id"] if row else None


def listing(db: sqlite3.Connection, wanted: ThreadFilter, limit: int, offset: int) -> tuple[int, list[dict[str, Any]]]:
    """Count the matching conversations and return a page of them, last used first, with their message counts."""
    where, values = _condition(wanted)
    total = db.execute(f"SELECT count(*) FROM threads WHERE {where}", values).fetchone()[0]
    rows = db.execute(
        f"""SELECT threads.*, (SELECT count(*) FROM messages WHERE thread_id = threads.id AND {_SHOWN}) AS messages
            FROM threads WHERE {where} ORDER BY updated_at DESC, id LIMIT ? OFFSET ?""",
        (*values, limit, offset),
    )
    return total, [dict(row) for row in rows]


def count_messages(db: sqlite3.Connection, thread_id: str) -> int:
    """Count the messages of a conversation."""
    count = f"SELECT count(*) FROM messages WHERE thread_id = ? AND {_SHOWN}"
    return int(db.execute(count, (thread_id,)).fetchone()[0])


def messages_of(db: sqlite3.Connection, thread_id: str, limit: int = -1, offset: int = 0) -> list[dict[str, Any]]:
    """Return the messages in the order of their questions, each answer behind its own; each with its run."""
    rows = db.execute(
        f"""SELECT messages.id, messages.run_id, messages.role, messages.content, messages.data, messages.created_at,
                  runs.status, runs.finish_reason, runs.error_code, runs.cost_usd,
                  runs.prompt_tokens + runs.completion_tokens AS tokens, runs.ended_at - runs.created_at AS time,
                  feedback.rating, feedback.comment
           FROM messages JOIN runs ON runs.id = messages.run_id LEFT JOIN feedback ON feedback.run_id = runs.id
           WHERE messages.thread_id = ? AND {_SHOWN}
           ORDER BY runs.place, messages.place LIMIT ? OFFSET ?""",
        (thread_id, limit, offset),
    )
    return [_message(dict(row)) for row in rows]


def data_of(db: sqlite3.Connection, run_id: str) -> dict[str, Any]:
    """Return the metadata kept with the answer of a run."""
    row = db.execute("SELECT data FROM messages WHERE run_id = ? AND role = 'assistant'", (run_id,)).fetchone()
    return dict(json.loads(row["data"])) if row and row["data"] else {}


def add_message(
    db: sqlite3.Connection,
    message_id: str,
    thread_id: str,
    run_id: str,
    role: str,
    content: str,
    data: dict[str, Any] | None = None,
    at: float | None = None,
) -> None:
    """Append a message to a conversation."""
    created_at = time.time() if at is None else at
    db.execute(
        """INSERT INTO messages (id, thread_id, run_id, role, content, created_at, data, place)
           VALUES (?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(place), 0) + 1 FROM messages))""",
        (message_id, thread_id, run_id, role, content, created_at, json.dumps(data) if data else None),
    )


def rename(db: sqlite3.Connection, thread_id: str, title: str) -> None:
    """Rename a conversation without moving it to the top."""
    db.execute("UPDATE threads SET title = ? WHERE id = ?", (title, thread_id))


def put_away(db: sqlite3.Connection, thread_id: str) -> None:
    """Soft-delete a conversation: it is not listed any more, and its session begins anew."""
    db.execute("UPDATE threads SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL", (time.time(), thread_id))


def restore(db: sqlite3.Connection, thread: StoredThread) -> bool:
    """Restore a soft-deleted conversation; return False if its session has begun another meanwhile."""
    other = of_session(db, thread.user_id, thread.agent_id, thread.session_id)
    if other not in (None, thread.id):
        return False
    db.execute("UPDATE threads SET deleted_at = NULL WHERE id = ?", (thread.id,))
    return True


def _condition(wanted: ThreadFilter) -> tuple[str, list[str]]:
    conditions, values = ["user_id = ?"], [wanted.user_id]
    if wanted.status != "all":
        conditions.append(f"deleted_at IS {'NULL' if wanted.status == 'active' else 'NOT NULL'}")
    if wanted.agent_id is None:
        # Calls of a model and indexing jobs are not conversations that a user looks for.
        conditions.append(f"agent_id NOT IN ('{LLM}', '{INDEXING}')")
    else:
        conditions.append("agent_id = ?")
        values.append(wanted.agent_id)
    if wanted.session_id is not None:
        conditions.append("session_id = ?")
        values.append(wanted.session_id)
    if wanted.session_prefix:
        # A range, which an index answers: no session's name holds the highest code point.
        conditions.append("session_id >= ? AND session_id < ?")
        values += [wanted.session_prefix, wanted.session_prefix + "\U0010ffff"]
    if wanted.search:
        pattern = containing(wanted.search)
        conditions.append(
            f"""(title LIKE ? ESCAPE '\\' OR EXISTS (SELECT 1 FROM messages
                WHERE thread_id = threads.id AND content LIKE ? ESCAPE '\\' AND {_SHOWN}))"""
        )
        values += [pattern, pattern]
    return " AND ".join(conditions), values


def _message(row: dict[str, Any]) -> dict[str, Any]:
    data = row.pop("data")
    rating, comment = row.pop("rating"), row.pop("comment")
    # Feedback is shown with the answer alone.
    rated = rating and row["role"] == "assistant"
    row["feedback"] = {"rating": rating, "comment": comment} if rated else None
    return {**row, **(json.loads(data) if data else {})}
