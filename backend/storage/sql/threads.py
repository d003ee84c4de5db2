"""Conversations and their messages in SQL: begin, list, search, rename, soft-delete and restore."""

import json
import time
from typing import Any

from agents.direct_completion import LLM
from backend.auth.audit import AuditEntry
from backend.errors import SessionTaken, ThreadUnknown
from backend.runs.indexing_job import INDEXING
from backend.storage.sql.audit import record_entry
from backend.storage.threads import ListedThread, MessageFeedback, StoredMessage, StoredThread, ThreadFilter
from knowledge.storage.database import Connection, Database, Row, containing
from knowledge.text.characters import cleaned_line

TITLE_CHARS = 60

_THREAD = "threads.id, user_id, agent_id, session_id, title, created_at, updated_at, deleted_at"
# A conversation shows nothing of a run that another has replaced.
_SHOWN = """NOT EXISTS (SELECT 1 FROM runs AS newer
            WHERE newer.thread_id = messages.thread_id AND newer.replaces = messages.run_id)"""
_ALL_MESSAGES = 2**53


class SqlThreadStore:
    """The SQL implementation of `ThreadStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, user_id: str, thread_id: str) -> StoredThread | None:
        return await self._database.read(lambda db: get_thread(db, user_id, thread_id))

    async def thread_of_session(self, user_id: str, agent_id: str, session_id: str) -> str | None:
        return await self._database.read(lambda db: _thread_of_session(db, user_id, agent_id, session_id))

    async def list_threads(self, wanted: ThreadFilter, limit: int, offset: int) -> tuple[int, list[ListedThread]]:
        return await self._database.read(lambda db: _list_threads(db, wanted, limit, offset), long=True)

    async def read_history(self, thread_id: str, limit: int, offset: int) -> tuple[int, list[StoredMessage]]:
        return await self._database.read(
            lambda db: (_count_messages(db, thread_id), messages_of(db, thread_id, limit, offset))
        )

    async def all_messages(self, thread_id: str) -> list[StoredMessage]:
        return await self._database.read(lambda db: messages_of(db, thread_id), long=True)

    async def rename(self, user_id: str, thread_id: str, title: str) -> None:
        await self._database.write(lambda db: _rename(db, user_id, thread_id, title))

    async def put_away(self, user_id: str, thread_id: str, entry: AuditEntry) -> None:
        await self._database.write(lambda db: _put_away(db, user_id, thread_id, entry))

    async def restore(self, user_id: str, thread_id: str, entry: AuditEntry) -> None:
        await self._database.write(lambda db: _restore(db, user_id, thread_id, entry))


def begin_thread(
    db: Connection, thread_id: str, user_id: str, agent_id: str, session_id: str, question: str, now: float
) -> None:
    """Begin a conversation with its first question."""
    db.execute(
        """INSERT INTO threads (id, user_id, agent_id, session_id, title, created_at, updated_at)
           VALUES (?, ?, ?, ?, ?, ?, ?)""",
        (thread_id, user_id, agent_id, session_id, title_of(question), now, now),
    )


def touch_thread(db: Connection, thread_id: str, user_id: str, now: float) -> bool:
    """Move a conversation to the top for a new question; return False if it was deleted."""
    changed = db.execute(
        """UPDATE threads SET updated_at = CASE WHEN updated_at < ? THEN ? ELSE updated_at END
           WHERE id = ? AND user_id = ? AND deleted_at IS NULL""",
        (now, now, thread_id, user_id),
    )
    return changed.rowcount > 0


def title_of(question: str) -> str:
    """Shorten a question to the title that its conversation has until somebody renames it."""
    line = cleaned_line(question)
    return line if len(line) <= TITLE_CHARS else line[: TITLE_CHARS - 3].rstrip() + "..."


def retitle_thread(db: Connection, thread_id: str, question: str) -> None:
    """Give a conversation the title of the question that replaces its only one, unless somebody has renamed it."""
    only = db.execute(
        f"""SELECT min(content) FROM messages WHERE thread_id = ? AND role = 'user' AND {_SHOWN}
            HAVING count(*) = 1""",
        (thread_id,),
    ).fetchone()
    if only:
        renamed = (title_of(question), thread_id, title_of(only[0]))
        db.execute("UPDATE threads SET title = ? WHERE id = ? AND title = ?", renamed)


def get_thread(db: Connection, user_id: str, thread_id: str) -> StoredThread | None:
    """Return a conversation of that user, soft-deleted or not."""
    row = db.execute(f"SELECT {_THREAD} FROM threads WHERE id = ? AND user_id = ?", (thread_id, user_id)).fetchone()
    return StoredThread(**dict(row)) if row else None


def _thread_of_session(db: Connection, user_id: str, agent_id: str, session_id: str) -> str | None:
    row = db.execute(
        "SELECT id FROM threads WHERE user_id = ? AND agent_id = ? AND session_id = ? AND deleted_at IS NULL",
        (user_id, agent_id, session_id),
    ).fetchone()
    return row["id"] if row else None


def _list_threads(db: Connection, wanted: ThreadFilter, limit: int, offset: int) -> tuple[int, list[ListedThread]]:
    where, values = _condition(wanted)
    total = db.execute(f"SELECT count(*) FROM threads WHERE {where}", values).fetchone()[0]
    rows = db.execute(
        f"""SELECT {_THREAD},
                   (SELECT count(*) FROM messages WHERE thread_id = threads.id AND {_SHOWN}) AS messages
            FROM threads WHERE {where} ORDER BY updated_at DESC, id LIMIT ? OFFSET ?""",
        (*values, limit, offset),
    )
    return total, [ListedThread(**dict(row)) for row in rows]


def _count_messages(db: Connection, thread_id: str) -> int:
    count = f"SELECT count(*) FROM messages WHERE thread_id = ? AND {_SHOWN}"
    return int(db.execute(count, (thread_id,)).fetchone()[0])


def messages_of(db: Connection, thread_id: str, limit: int = _ALL_MESSAGES, offset: int = 0) -> list[StoredMessage]:
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
    return [_message(row) for row in rows]


def add_message(
    db: Connection,
    message_id: str,
    thread_id: str,
    run_id: str,
    role: str,
    content: str,
    at: float,
    data: dict[str, Any] | None = None,
) -> None:
    """Append a message to a conversation."""
    db.execute(
        """INSERT INTO messages (id, thread_id, run_id, role, content, created_at, data, place)
           VALUES (?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(place), 0) + 1 FROM messages))""",
        (message_id, thread_id, run_id, role, content, at, json.dumps(data) if data else None),
    )


def _rename(db: Connection, user_id: str, thread_id: str, title: str) -> None:
    db.execute("UPDATE threads SET title = ? WHERE id = ? AND user_id = ?", (title, thread_id, user_id))


def _put_away(db: Connection, user_id: str, thread_id: str, entry: AuditEntry) -> None:
    if get_thread(db, user_id, thread_id) is None:
        return
    db.execute("UPDATE threads SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL", (time.time(), thread_id))
    record_entry(db, entry)


def _restore(db: Connection, user_id: str, thread_id: str, entry: AuditEntry) -> None:
    thread = get_thread(db, user_id, thread_id)
    if thread is None:
        raise ThreadUnknown(f"there is no conversation {thread_id}")
    if thread.deleted_at is None:
        return
    if _thread_of_session(db, user_id, thread.agent_id, thread.session_id):
        raise SessionTaken(f"session {thread.session_id} has begun another conversation; put that away first")
    db.execute("UPDATE threads SET deleted_at = NULL WHERE id = ?", (thread_id,))
    record_entry(db, entry)


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


def _message(row: Row) -> StoredMessage:
    fields = dict(row)
    data, rating, comment = fields.pop("data"), fields.pop("rating"), fields.pop("comment")
    # Feedback is shown with the answer alone.
    rated = rating and fields["role"] == "assistant"
    return StoredMessage(
        **fields,
        feedback=MessageFeedback(rating, comment) if rated else None,
        data=json.loads(data) if data else {},
    )
