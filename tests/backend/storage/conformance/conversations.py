"""The rows that the conformance tests fill stores with, stored as the run engine does."""

from dataclasses import replace
from itertools import count
from typing import Any

from agents.graph.supervisor import SUPERVISOR
from backend.auth.audit import Actor, AuditEntry
from backend.storage.audit import AuditFilter
from backend.storage.runs import AnswerMessage, StoredEvent, StoredRun
from backend.storage.stores import Stores
from frontdesk.contracts.events import Done, Event, Token, Usage

ADA = Actor("ada", None)
_NUMBERS = count(1)


async def audited(stores: Stores) -> list[str]:
    """Return the actions in the audit log, the oldest first."""
    return [entry.action for entry in reversed(await stores.audit.entries(AuditFilter(), 100))]


def did(action: str) -> AuditEntry:
    """Return an audit entry of Ada's."""
    return ADA.did(action, "something")


def unstorable(action: str) -> AuditEntry:
    """Return an entry that no audit log can hold, so that the change which it belongs to must not happen either."""
    return ADA.did(action, "something", after={"value": object()})


def make_run(thread: str = "t", user: str = "ada", **fields: Any) -> StoredRun:
    """Return a run under way, later than any that was made before it."""
    number = next(_NUMBERS)
    run = StoredRun(
        id=f"r{number}",
        thread_id=thread,
        session_id=f"session-{thread}",
        user_id=user,
        agent_id=SUPERVISOR,
        status="in_progress",
        question=f"question {number}",
        created_at=float(number),
    )
    return replace(run, **fields)


async def begin(stores: Stores, thread: str = "t", user: str = "ada", **fields: Any) -> StoredRun:
    """Store a question: the first of a conversation, or the next one."""
    run = make_run(thread, user, **fields)
    continues = await stores.threads.get(user, thread) is not None
    await stores.runs.begin_run(run, f"question-{run.id}", continues=continues)
    return run


async def answer(stores: Stores, run: StoredRun, text: str = "An answer.", **data: Any) -> None:
    """Store a run's answer and its end."""
    kept = AnswerMessage(f"answer-{run.id}", run.thread_id, text, data, run.created_at + 1)
    await stores.runs.append_events([event(run, 0, Token(content=text, agent="billing")), event(run, 1, done(), kept)])


async def ask(stores: Stores, thread: str = "t", user: str = "ada", **fields: Any) -> StoredRun:
    """Store a question and its answer."""
    run = await begin(stores, thread, user, **fields)
    await answer(stores, run)
    return run


def done() -> Done:
    """Return the end of a complete answer."""
    return Done(message_id="m", usage=Usage(), cost_usd=0.0, tokens=1, time=0.1, finish_reason="stop")


def event(run: StoredRun, seq: int, what: Event, kept: AnswerMessage | None = None) -> StoredEvent:
    """Return an event as it is stored."""
    return StoredEvent(run.id, seq, what, what.model_dump_json().encode(), run.created_at + 1, kept)
