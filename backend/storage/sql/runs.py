"""Runs, steps and events in SQL."""

import json
import uuid
from collections.abc import Sequence
from typing import Any

from agents.models.model_name import EMBEDDED
from backend.errors import RunNotLast, RunUnknown, ThreadBusy, ThreadUnknown
from backend.storage.runs import (
    AnswerMessage,
    AnswerRating,
    EventPayload,
    RunDetails,
    StoredEvent,
    StoredRun,
    StoredStep,
    spent_by,
)
from backend.storage.sql import activity, handoffs, spending, threads
from frontdesk.contracts.events import Cancelled, Done, Error, Handoff, Terminal, TraceEnd, TraceStart, Usage
from knowledge.storage.database import Connection, Database, DatabaseError, Row

_ALL_EVENTS = 2**53


class SqlRunStore:
    """The SQL implementation of `RunStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin_run(self, run: StoredRun, message_id: str, *, continues: bool = False) -> None:
        await self._database.write(lambda db: _begin_run(db, run, message_id, continues=continues))

    async def take_up(self, run_id: str, attempt: int) -> None:
        await self._database.write(lambda db: _take_up(db, run_id, attempt))

    async def note_stop(self, run_id: str, reason: str) -> None:
        await self._database.write(lambda db: _note_stop(db, run_id, reason))

    async def append_events(self, entries: Sequence[StoredEvent]) -> None:
        await self._database.write(lambda db: _append_events(db, entries))

    async def get_run(self, run_id: str) -> StoredRun | None:
        return await self._database.read(lambda db: _get_run(db, run_id))

    async def run_of_user(self, user_id: str, run_id: str) -> StoredRun:
        run = await self._database.read(lambda db: _get_run(db, _as_stored(run_id)))
        if run is None or run.user_id != user_id:
            raise RunUnknown(f"there is no run {run_id}")
        return run

    async def replaced_runs(self, thread_id: str) -> frozenset[str]:
        return await self._database.read(lambda db: _replaced_runs(db, thread_id))

    async def unfinished_runs(self) -> list[StoredRun]:
        return await self._database.read(_unfinished_runs)

    async def events_after(self, run_id: str, after: int, limit: int | None = None) -> list[EventPayload]:
        return await self._database.read(lambda db: _events_after(db, run_id, after, limit))

    async def answer_of(self, run_id: str) -> str | None:
        return (await self._database.read(lambda db: _answer(db, run_id)))[0]

    async def answer_data(self, run_id: str) -> dict[str, Any]:
        return (await self._database.read(lambda db: _answer(db, run_id)))[1]

    async def read_details(self, run_id: str) -> RunDetails:
        return await self._database.read(lambda db: _details(db, run_id))


def _begin_run(db: Connection, run: StoredRun, message_id: str, *, continues: bool) -> None:
    if run.replaces:
        _check_last(db, run.replaces, run.thread_id)
        threads.retitle_thread(db, run.thread_id, run.question)
    if not continues:
        threads.begin_thread(db, run.thread_id, run.user_id, run.agent_id, run.session_id, run.question, run.created_at)
    elif not threads.touch_thread(db, run.thread_id, run.user_id, run.created_at):
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
    threads.add_message(db, message_id, run.thread_id, run.id, "user", run.question, run.created_at)


def _take_up(db: Connection, run_id: str, attempt: int) -> None:
    db.execute("UPDATE runs SET status = 'in_progress', attempts = ? WHERE id = ?", (attempt, run_id))


def _note_stop(db: Connection, run_id: str, reason: str) -> None:
    db.execute("UPDATE runs SET stopped = ? WHERE id = ? AND ended_at IS NULL", (reason, run_id))


def _append_events(db: Connection, entries: Sequence[StoredEvent]) -> None:
    for entry in entries:
        if entry.answer:
            _keep_answer(db, entry.run_id, entry.answer)
    db.executemany(
        "INSERT INTO events (run_id, seq, payload) VALUES (?, ?, ?)",
        [(entry.run_id, entry.seq, entry.payload) for entry in entries],
    )
    for entry in entries:
        match entry.event:
            case TraceStart() as started:
                _begin_step(db, entry, started)
            case TraceEnd() as ended:
                _end_step(db, entry.run_id, ended)
            case Handoff() as handoff:
                handoffs.add_offer(db, entry.run_id, handoff)
            case Done() | Cancelled() | Error() as terminal:
                _end_run(db, entry.run_id, terminal, entry.at)


def _keep_answer(db: Connection, run_id: str, answer: AnswerMessage) -> None:
    threads.add_message(
        db, answer.id, answer.thread_id, run_id, "assistant", answer.content, answer.created_at, answer.data
    )


def _get_run(db: Connection, run_id: str) -> StoredRun | None:
    row = db.execute(f"{_RUN} WHERE id = ?", (run_id,)).fetchone()
    return StoredRun(**dict(row)) if row else None


def _replaced_runs(db: Connection, thread_id: str) -> frozenset[str]:
    rows = db.execute("SELECT replaces FROM runs WHERE thread_id = ? AND replaces IS NOT NULL", (thread_id,))
    return frozenset(row["replaces"] for row in rows)


def _unfinished_runs(db: Connection) -> list[StoredRun]:
    return [StoredRun(**dict(row)) for row in db.execute(f"{_RUN} WHERE ended_at IS NULL ORDER BY place")]


def _events_after(db: Connection, run_id: str, after: int, limit: int | None) -> list[EventPayload]:
    rows = db.execute(
        "SELECT seq, payload FROM events WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT ?",
        (run_id, after, _ALL_EVENTS if limit is None else limit),
    )
    return [EventPayload(row["seq"], row["payload"]) for row in rows]


def _answer(db: Connection, run_id: str) -> tuple[str | None, dict[str, Any]]:
    """Return the stored answer of a run, and the metadata kept with it."""
    row = db.execute("SELECT content, data FROM messages WHERE run_id = ? AND role = 'assistant'", (run_id,)).fetchone()
    if row is None:
        return None, {}
    return row["content"], dict(json.loads(row["data"])) if row["data"] else {}


def _details(db: Connection, run_id: str) -> RunDetails:
    answer, data = _answer(db, run_id)
    rated = db.execute("SELECT rating, comment, created_at FROM feedback WHERE run_id = ?", (run_id,)).fetchone()
    return RunDetails(answer, data, steps_of(db, run_id), AnswerRating(**dict(rated)) if rated else None)


def steps_of(db: Connection, run_id: str) -> list[StoredStep]:
    """Return the steps of a run, in the order in which they began."""
    rows = db.execute(
        """SELECT run_id, step_id, parent_id, step_type, step_name, agent, status, started_at, latency_ms, output,
                  usage, model, cost_usd, fallback
           FROM steps WHERE run_id = ? ORDER BY place""",
        (run_id,),
    )
    return [_step(row) for row in rows]


def _step(row: Row) -> StoredStep:
    fields = dict(row)
    usage, fallback = fields.pop("usage"), fields.pop("fallback")
    return StoredStep(
        **fields,
        usage=Usage.model_validate_json(usage) if usage else None,
        fallback=None if fallback is None else bool(fallback),
    )


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


def _check_last(db: Connection, run_id: str, thread_id: str) -> None:
    """Refuse to replace a run unless it is the last of its conversation and has ended."""
    last = db.execute(
        "SELECT id, ended_at FROM runs WHERE thread_id = ? ORDER BY place DESC LIMIT 1", (thread_id,)
    ).fetchone()
    if last is None or last["id"] != run_id:
        raise RunNotLast(run_id)
    if last["ended_at"] is None:
        raise ThreadBusy(f"run {run_id} is still under way; stop it or wait for it, then ask again")


def _begin_step(db: Connection, entry: StoredEvent, step: TraceStart) -> None:
    named = (entry.run_id, step.step_id, step.parent_id, step.step_type, step.step_name, step.agent)
    db.execute(
        """INSERT INTO steps (run_id, step_id, parent_id, step_type, step_name, agent, status, started_at, place)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (*named, step.status, entry.at, entry.seq),
    )


def _end_step(db: Connection, run_id: str, step: TraceEnd) -> None:
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
            None if step.fallback is None else int(step.fallback),
            run_id,
            step.step_id,
        ),
    )


def _end_run(db: Connection, run_id: str, event: Terminal, now: float) -> None:
    # Tokens are paid for, however the run ended.
    steps = steps_of(db, run_id)
    supervisor, workers = spent_by(steps)
    spent = supervisor + workers
    status, finish_reason, error_code = _ending(event)
    ended = db.execute(
        """UPDATE runs SET ended_at = ?, status = ?, finish_reason = ?, error_code = ?, prompt_tokens = ?,
           completion_tokens = ?, cached_tokens = ?, cost_usd = ? WHERE id = ? AND ended_at IS NULL""",
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
    run = _get_run(db, run_id)
    if run is None or not ended.rowcount:
        raise DatabaseError(f"run {run_id} has ended already")
    supervisor, workers = spent_by(step for step in steps if step.model != str(EMBEDDED))
    spending.add_spending(db, run.user_id, supervisor + workers, now)
    activity.record_run(db, run_id, cached=isinstance(event, Done) and event.cached)


def _ending(event: Terminal) -> tuple[str, str | None, str | None]:
    match event:
        case Done():
            return "completed", event.finish_reason, None
        case Cancelled():
            return "cancelled", None, None
        case Error():
            return "failed", None, event.code
