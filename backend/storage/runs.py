"""Runs, steps and events in SQL: each statement that touches them. The tables are in `sql.migrations`."""

import json
import sqlite3
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from agents.models.model_name import EMBEDDED
from backend.errors import RunNotLast, RunUnknown, ThreadBusy, ThreadUnknown
from backend.storage import activity, handovers, spending, threads
from frontdesk.contracts.events import (
    Cancelled,
    Done,
    Error,
    Event,
    Handoff,
    Spent,
    Terminal,
    TraceEnd,
    TraceStart,
    Usage,
)


@dataclass(frozen=True)
class StoredRun:
    """A question on its way to an answer. `request` holds what an endpoint received beside the question.

    A run that `replaces` another has withdrawn it from the conversation.
    """

    id: str
    thread_id: str
    session_id: str
    user_id: str
    agent_id: str
    status: str
    question: str
    created_at: float
    ended_at: float | None = None
    finish_reason: str | None = None
    error_code: str | None = None
    attempts: int = 1
    request: str | None = None
    stopped: str | None = None
    replaces: str | None = None
    replaced_by: str | None = None

    @property
    def is_open(self) -> bool:
        """True while the run waits or answers."""
        return self.status in ("queued", "in_progress")


class StoredEvent(NamedTuple):
    """An event as it is stored: its number within the run, its JSON, when it happened, and what else it changes."""

    run_id: str
    seq: int
    event: Event
    payload: bytes
    at: float


def begin_run(db: sqlite3.Connection, run: StoredRun, message_id: str, *, continues: bool = False) -> None:
    """Store the question before anything is done about it, and withdraw the run that it replaces.

    A run that `continues` a conversation is refused if that was deleted since it was looked up: only a new conversation
    makes a thread.
    """
    if run.replaces:
        _check_last(db, run.replaces, run.thread_id)
        threads.retitle(db, run.thread_id, run.question)
    if not continues:
        threads.begin(db, run.thread_id, run.user_id, run.agent_id, run.session_id, run.question, run.created_at)
    elif not threads.touch(db, run.thread_id, run.user_id, run.created_at):
        raise ThreadUnknown(f"there is no conversation {run.thread_id}; it was deleted meanwhile")
    db.execute(
        """INSERT INTO runs (id, thread_id, session_id, user_id, agent_id, status, question, created_at, request,
                             replaces, place)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(place), 0) + 1 FROM runs))""",
        (
            run.id,
            run.thread_id,
            run.session_id,
            run.user_id,
            run.agent_id,
            run.status,
            run.question,
            run.created_at,
            run.request,
            run.replaces,
        ),
    )
    threads.add_message(db, message_id, run.thread_id, run.id, "user", run.question, at=run.created_at)


def take_up(db: sqlite3.Connection, run_id: str, attempt: int) -> None:
    """Mark a run as in progress, for the first time or again after a restart."""
    db.execute("UPDATE runs SET status = 'in_progress', attempts = ? WHERE id = ?", (attempt, run_id))


def note_stop(db: sqlite3.Connection, run_id: str, reason: str) -> None:
    """Record that a run was stopped: that holds even if the process ends before the run does."""
    db.execute("UPDATE runs SET stopped = ? WHERE id = ? AND ended_at IS NULL", (reason, run_id))


def append_events(db: sqlite3.Connection, entries: list[StoredEvent]) -> None:
    """Store events in their order, and keep runs, steps and hand-overs level with them."""
    db.executemany(
        "INSERT INTO events VALUES (?, ?, ?)", [(entry.run_id, entry.seq, entry.payload) for entry in entries]
    )
    for entry in entries:
        match entry.event:
            case TraceStart() as started:
                _begin_step(db, entry, started)
            case TraceEnd() as ended:
                _end_step(db, entry.run_id, ended)
            case Handoff() as handoff:
                handovers.add(db, entry.run_id, handoff)
            case Done() | Cancelled() | Error() as terminal:
                _end_run(db, entry.run_id, terminal, entry.at)


def get_run(db: sqlite3.Connection, run_id: str) -> StoredRun | None:
    """Return a run by id."""
    row = db.execute(f"{_RUN} WHERE id = ?", (run_id,)).fetchone()
    return StoredRun(**dict(row)) if row else None


def run_of(db: sqlite3.Connection, user_id: str, run_id: str) -> StoredRun:
    """Return a run of that user by id, or raise `RunUnknown`."""
    run = get_run(db, _as_stored(run_id))
    if run is None or run.user_id != user_id:
        raise RunUnknown(f"there is no run {run_id}")
    return run


def withdrawn_from(db: sqlite3.Connection, thread_id: str) -> frozenset[str]:
    """Return the ids of a conversation's runs that others have replaced."""
    rows = db.execute("SELECT replaces FROM runs WHERE thread_id = ? AND replaces IS NOT NULL", (thread_id,))
    return frozenset(row["replaces"] for row in rows)


def unfinished_runs(db: sqlite3.Connection) -> list[StoredRun]:
    """Return the runs that an earlier process left unfinished, in the order in which they were asked."""
    return [StoredRun(**dict(row)) for row in db.execute(f"{_RUN} WHERE ended_at IS NULL ORDER BY place")]


def events_after(db: sqlite3.Connection, run_id: str, after: int, limit: int) -> list[tuple[int, bytes]]:
    """Return the stored events after number `after`."""
    rows = db.execute(
        "SELECT seq, payload FROM events WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT ?", (run_id, after, limit)
    )
    return [(row["seq"], row["payload"]) for row in rows]


def answer_of(db: sqlite3.Connection, run_id: str) -> str | None:
    """Return the stored answer of a run."""
    row = db.execute("SELECT content FROM messages WHERE run_id = ? AND role = 'assistant'", (run_id,)).fetchone()
    return row["content"] if row else None


def steps_of(db: sqlite3.Connection, run_id: str) -> list[dict[str, Any]]:
    """Return the steps of a run, in the order in which they began."""
    rows = db.execute("SELECT * FROM steps WHERE run_id = ? ORDER BY place", (run_id,))
    return [{**dict(row), "usage": json.loads(row["usage"]) if row["usage"] else None} for row in rows]


def spent_by(steps: Iterable[dict[str, Any]]) -> tuple[Spent, Spent]:
    """Sum up what the supervisor and the workers spent, however the run ended."""
    supervisor, workers = Spent(), Spent()
    for step in steps:
        if step["usage"]:
            spent = Spent(usage=Usage.model_validate(step["usage"]), cost_usd=step["cost_usd"] or 0)
            if step["agent"]:
                workers += spent
            else:
                supervisor += spent
    return supervisor, workers


_RUN = """SELECT id, thread_id, session_id, user_id, agent_id, status, question, created_at, ended_at, finish_reason,
          error_code, attempts, request, stopped, replaces,
          (SELECT id FROM runs AS newer WHERE newer.thread_id = runs.thread_id AND newer.replaces = runs.id)
          AS replaced_by FROM runs"""


def _as_stored(run_id: str) -> str:
    """Normalize a run id: a client may write its own in capitals, or without hyphens."""
    try:
        return str(uuid.UUID(run_id))
    except ValueError:
        return run_id


def _check_last(db: sqlite3.Connection, run_id: str, thread_id: str) -> None:
    """Refuse to replace a run unless it is the last of its conversation and has ended."""
    last = db.execute(
        "SELECT id, ended_at FROM runs WHERE thread_id = ? ORDER BY place DESC LIMIT 1", (thread_id,)
    ).fetchone()
    if last is None or last["id"] != run_id:
        raise RunNotLast(run_id)
    if last["ended_at"] is None:
        raise ThreadBusy(f"run {run_id} is still under way; stop it or wait for it, then ask again")


def _begin_step(db: sqlite3.Connection, entry: StoredEvent, step: TraceStart) -> None:
    named = (entry.run_id, step.step_id, step.parent_id, step.step_type, step.step_name, step.agent)
    db.execute(
        """INSERT INTO steps (run_id, step_id, parent_id, step_type, step_name, agent, status, started_at, place)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (*named, step.status, entry.at, entry.seq),
    )


def _end_step(db: sqlite3.Connection, run_id: str, step: TraceEnd) -> None:
    usage = step.usage.model_dump_json() if step.usage else None
    db.execute(
        """UPDATE steps SET status = ?, latency_ms = ?, output = ?, model = ?, usage = ?, cost_usd = ?,
           fallback = ? WHERE run_id = ? AND step_id = ?""",
        (
            step.status,
            step.latency_ms,
            step.output,
            step.model,
            usage,
            step.cost_usd,
            step.fallback,
            run_id,
            step.step_id,
        ),
    )


def _end_run(db: sqlite3.Connection, run_id: str, event: Terminal, now: float) -> None:
    # Tokens are paid for, however the run ended.
    steps = steps_of(db, run_id)
    supervisor, workers = spent_by(steps)
    spent = supervisor + workers
    status, finish_reason, error_code = _ending(event)
    db.execute(
        """UPDATE runs SET ended_at = ?, status = ?, finish_reason = ?, error_code = ?, prompt_tokens = ?,
           completion_tokens = ?, cached_tokens = ?, cost_usd = ? WHERE id = ?""",
        (
            now,
            status,
            finish_reason,
            error_code,
            spent.usage.prompt,
            spent.usage.completion,
            spent.usage.cached,
            spent.cost_usd,
            run_id,
        ),
    )
    run = get_run(db, run_id)
    assert run  # noqa: S101 - its events are stored behind it
    supervisor, workers = spent_by(step for step in steps if step["model"] != str(EMBEDDED))
    spending.add(db, run.user_id, supervisor + workers, now)
    activity.record(db, run_id)


def _ending(event: Terminal) -> tuple[str, str | None, str | None]:
    match event:
        case Done():
            return "completed", event.finish_reason, None
        case Cancelled():
            return "cancelled", None, None
        case Error():
            return "failed", None, event.code
