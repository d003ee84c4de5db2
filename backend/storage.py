"""Threads, messages, runs, steps and events in SQL: the tables, and each statement that touches them."""

import json
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from agents.events import Cancelled, Done, Error, Event, Spent, Terminal, TraceEnd, TraceStart, Usage
from backend.agent_store import create_agents_table

TITLE_CHARS = 60


@dataclass(frozen=True)
class Run:
    """A question on its way to an answer."""

    id: str
    thread_id: str
    session_id: str
    status: str
    question: str
    created_at: float
    ended_at: float | None
    finish_reason: str | None
    error_code: str | None


class Entry(NamedTuple):
    """An event as it is stored: its number within the run, its JSON, and what it changes in other tables."""

    run_id: str
    seq: int
    event: Event
    payload: bytes


def create_tables(db: sqlite3.Connection) -> None:
    """The desk's own tables; documents have a file of their own."""
    for statement in (
        """CREATE TABLE threads (
            id TEXT PRIMARY KEY, session_id TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
            created_at REAL NOT NULL, updated_at REAL NOT NULL)""",
        """CREATE TABLE runs (
            id TEXT PRIMARY KEY, thread_id TEXT NOT NULL REFERENCES threads (id), session_id TEXT NOT NULL,
            status TEXT NOT NULL, question TEXT NOT NULL, created_at REAL NOT NULL, ended_at REAL,
            finish_reason TEXT, error_code TEXT, prompt_tokens INTEGER, completion_tokens INTEGER,
            cached_tokens INTEGER, cost_usd REAL)""",
        "CREATE INDEX unfinished_runs ON runs (status) WHERE ended_at IS NULL",
        """CREATE TABLE messages (
            id TEXT PRIMARY KEY, thread_id TEXT NOT NULL REFERENCES threads (id),
            run_id TEXT NOT NULL REFERENCES runs (id), role TEXT NOT NULL, content TEXT NOT NULL,
            created_at REAL NOT NULL)""",
        "CREATE INDEX messages_by_thread ON messages (thread_id, created_at)",
        "CREATE INDEX messages_by_run ON messages (run_id)",
        """CREATE TABLE steps (
            run_id TEXT NOT NULL REFERENCES runs (id), step_id TEXT NOT NULL, parent_id TEXT, step_type TEXT NOT NULL,
            step_name TEXT NOT NULL, agent TEXT, status TEXT NOT NULL, started_at REAL NOT NULL, latency_ms REAL,
            output TEXT, usage TEXT, PRIMARY KEY (run_id, step_id)) WITHOUT ROWID""",
        """CREATE TABLE events (
            run_id TEXT NOT NULL REFERENCES runs (id), seq INTEGER NOT NULL, payload BLOB NOT NULL,
            PRIMARY KEY (run_id, seq)) WITHOUT ROWID""",
    ):
        db.execute(statement)


def add_models_to_steps(db: sqlite3.Connection) -> None:
    """Which model took a step, and what that cost."""
    db.execute("ALTER TABLE steps ADD COLUMN model TEXT")
    db.execute("ALTER TABLE steps ADD COLUMN cost_usd REAL")


MIGRATIONS = (create_tables, add_models_to_steps, create_agents_table)


def thread_of_session(db: sqlite3.Connection, session_id: str) -> str | None:
    """The conversation of a session, if it has begun."""
    row = db.execute("SELECT id FROM threads WHERE session_id = ?", (session_id,)).fetchone()
    return row["id"] if row else None


def begin_run(db: sqlite3.Connection, run: Run, message_id: str) -> None:
    """The question is stored before anything is done about it."""
    title = run.question if len(run.question) <= TITLE_CHARS else run.question[: TITLE_CHARS - 3].rstrip() + "..."
    db.execute(
        """INSERT INTO threads VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at""",
        (run.thread_id, run.session_id, " ".join(title.split()), run.created_at, run.created_at),
    )
    db.execute(
        "INSERT INTO runs (id, thread_id, session_id, status, question, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        (run.id, run.thread_id, run.session_id, run.status, run.question, run.created_at),
    )
    add_message(db, message_id, run, "user", run.question)


def add_message(db: sqlite3.Connection, message_id: str, run: Run, role: str, content: str) -> None:
    """One turn of a conversation."""
    db.execute(
        "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?)",
        (message_id, run.thread_id, run.id, role, content, time.time()),
    )


def append_events(db: sqlite3.Connection, entries: list[Entry]) -> None:
    """Store events in their order, and keep runs and steps level with them."""
    db.executemany(
        "INSERT INTO events VALUES (?, ?, ?)", [(entry.run_id, entry.seq, entry.payload) for entry in entries]
    )
    for entry in entries:
        match entry.event:
            case TraceStart() as started:
                _begin_step(db, entry.run_id, started)
            case TraceEnd() as ended:
                _end_step(db, entry.run_id, ended)
            case Done() | Cancelled() | Error() as terminal:
                _end_run(db, entry.run_id, terminal)


def get_run(db: sqlite3.Connection, run_id: str) -> Run | None:
    """A run by id."""
    row = db.execute(f"{_RUN} WHERE id = ?", (run_id,)).fetchone()
    return Run(**dict(row)) if row else None


def unfinished_runs(db: sqlite3.Connection) -> list[Run]:
    """Runs that a process which is gone had under way."""
    return [Run(**dict(row)) for row in db.execute(f"{_RUN} WHERE ended_at IS NULL ORDER BY created_at")]


def events_after(db: sqlite3.Connection, run_id: str, after: int, limit: int) -> list[tuple[int, bytes]]:
    """Stored events from the one after `after` on."""
    rows = db.execute(
        "SELECT seq, payload FROM events WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT ?", (run_id, after, limit)
    )
    return [(row["seq"], row["payload"]) for row in rows]


def answer_of(db: sqlite3.Connection, run_id: str) -> str | None:
    """The stored answer of a run."""
    row = db.execute("SELECT content FROM messages WHERE run_id = ? AND role = 'assistant'", (run_id,)).fetchone()
    return row["content"] if row else None


def steps_of(db: sqlite3.Connection, run_id: str) -> list[dict[str, Any]]:
    """The steps of a run, in the order in which they began."""
    rows = db.execute("SELECT * FROM steps WHERE run_id = ? ORDER BY started_at", (run_id,))
    return [{**dict(row), "usage": json.loads(row["usage"]) if row["usage"] else None} for row in rows]


def spent_by(steps: Iterable[dict[str, Any]]) -> tuple[Spent, Spent]:
    """What the supervisor and the workers took, however the run ended."""
    supervisor, workers = Spent(), Spent()
    for step in steps:
        if step["usage"]:
            spent = Spent(usage=Usage.model_validate(step["usage"]), cost_usd=step["cost_usd"] or 0)
            if step["agent"]:
                workers += spent
            else:
                supervisor += spent
    return supervisor, workers


_RUN = (
    """SELECT id, thread_id, session_id, status, question, created_at, ended_at, finish_reason, error_code FROM runs"""
)


def _begin_step(db: sqlite3.Connection, run_id: str, step: TraceStart) -> None:
    db.execute(
        """INSERT INTO steps (run_id, step_id, parent_id, step_type, step_name, agent, status, started_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        (run_id, step.step_id, step.parent_id, step.step_type, step.step_name, step.agent, step.status, time.time()),
    )


def _end_step(db: sqlite3.Connection, run_id: str, step: TraceEnd) -> None:
    usage = step.usage.model_dump_json() if step.usage else None
    db.execute(
        """UPDATE steps SET status = ?, latency_ms = ?, output = ?, model = ?, usage = ?, cost_usd = ?
           WHERE run_id = ? AND step_id = ?""",
        (step.status, step.latency_ms, step.output, step.model, usage, step.cost_usd, run_id, step.step_id),
    )


def _end_run(db: sqlite3.Connection, run_id: str, event: Terminal) -> None:
    db.execute("UPDATE runs SET ended_at = ? WHERE id = ?", (time.time(), run_id))
    match event:
        case Done():
            db.execute(
                """UPDATE runs SET status = 'completed', finish_reason = ?, prompt_tokens = ?, completion_tokens = ?,
                   cached_tokens = ?, cost_usd = ? WHERE id = ?""",
                (
                    event.finish_reason,
                    event.usage.prompt,
                    event.usage.completion,
                    event.usage.cached,
                    event.cost_usd,
                    run_id,
                ),
            )
        case Cancelled():
            db.execute("UPDATE runs SET status = 'cancelled' WHERE id = ?", (run_id,))
        case Error():
            db.execute("UPDATE runs SET status = 'failed', error_code = ? WHERE id = ?", (event.code, run_id))
