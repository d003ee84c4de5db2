"""The run engine: takes questions, runs the assistant detached from whoever asked, and writes everything to the log."""

import asyncio
import logging
import sqlite3
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from agents.assistant import Outcome
from agents.events import Cancelled, Done, Error, Event, Reset, Start, StepStatus, Token, TraceEnd, TraceStart
from backend import sse, storage
from backend.errors import RunTimedOut, RunUnknown, ShuttingDown, StorageFailed, ThreadBusy
from backend.runlog import LiveRun, RunLog
from backend.sse import Frame
from backend.storage import Run
from knowledge.database import Database
from knowledge.errors import DeskError

_LOG = logging.getLogger(__name__)

INTERRUPTED = Error(
    code="interrupted", message="The desk was stopped in the middle of this answer; please ask again.", retryable=True
)


class Answers(Protocol):
    """What the engine runs: see `agents.assistant.Assistant`."""

    def stream(self, question: str, thread_id: str, run_id: str) -> AsyncIterator[Event | Outcome]: ...


@dataclass
class _Progress:
    """What a run has said so far."""

    live: LiveRun
    said: list[str] = field(default_factory=list)
    tokens: int = 0
    open_steps: dict[str, TraceStart] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        match event:
            case Token():
                self.said.append(event.content)
                self.tokens += 1
            case Reset():
                self.said.clear()
            case TraceStart():
                self.open_steps[event.step_id] = event
            case TraceEnd():
                self.open_steps.pop(event.step_id, None)

    @property
    def text(self) -> str:
        return "".join(self.said)


class RunEngine:
    """Every run under way, as a task of its own."""

    def __init__(self, database: Database, log: RunLog, answers: Answers, run_seconds: float) -> None:
        self._database = database
        self._log = log
        self._answers = answers
        self._run_seconds = run_seconds
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._busy: dict[str, str] = {}
        self._stopping = False

    async def recover(self) -> int:
        """End what a process that is gone had under way: nothing stays unfinished, and what was said is kept."""
        runs = await self._database.read(storage.unfinished_runs)
        for run in runs:
            events = await self._stored_events(run.id)
            progress = _Progress(self._log.open(run, base=len(events)))
            for event in events:
                progress.hear(event)
            await self._end(progress, INTERRUPTED)
        return len(runs)

    async def start(self, question: str, session_id: str) -> Run:
        """Store the question and begin to answer it. Returns once both would survive a crash."""
        if self._stopping:
            raise ShuttingDown("The desk is being stopped; please ask again in a moment.")
        # One conversation is one graph thread: a second answer at once would write over the first one's memory.
        if session_id in self._busy:
            raise ThreadBusy(f"session {session_id} is still answering; wait for run {self._busy[session_id]} to end")
        run_id = str(uuid.uuid4())
        self._busy[session_id] = run_id
        try:
            thread_id = await self._database.read(lambda db: storage.thread_of_session(db, session_id))
            now = time.time()
            thread_id = thread_id or str(uuid.uuid4())
            run = Run(run_id, thread_id, session_id, "in_progress", question, now, None, None, None)
            await self._database.write(lambda db: storage.begin_run(db, run, str(uuid.uuid4())))
            live = self._log.open(run)
            start = Start(run_id=run_id, thread_id=thread_id, session_id=session_id, generation_id=run_id)
            await self._log.append(live, start)
        except BaseException:
            del self._busy[session_id]
            raise
        task = asyncio.create_task(self._execute(_Progress(live)), name=f"run-{run_id}")
        self._tasks[run_id] = task
        task.add_done_callback(lambda _: self._forget(run))
        return run

    async def get(self, run_id: str) -> Run:
        """A run by id, or `RunUnknown`."""
        run = await self._database.read(lambda db: storage.get_run(db, run_id))
        if run is None:
            raise RunUnknown(f"there is no run {run_id}")
        return run

    def follow(self, run_id: str, after: int, idle_seconds: float) -> AsyncIterator[list[Frame]]:
        """A run's frames after number `after`, stored and live, to its end."""
        return self._log.follow(run_id, after, idle_seconds)

    async def stop(self, seconds: float) -> None:
        """Take no more questions and cancel what is under way; each run still writes its own end."""
        self._stopping = True
        for task in self._tasks.values():
            task.cancel("the desk is shutting down")
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=seconds)

    async def _execute(self, progress: _Progress) -> None:
        run = progress.live.run
        try:
            async with asyncio.timeout(self._run_seconds):
                outcome = await self._relay(progress)
            message_id = str(uuid.uuid4())
            await self._end(progress, _done(progress, outcome, message_id), message_id)
        except asyncio.CancelledError as stopped:
            await self._end(progress, Cancelled(reason=str(stopped) or "cancelled"))
        except TimeoutError:
            await self._fail(progress, RunTimedOut(f"no answer within {self._run_seconds:g} s; please ask again"))
        except sqlite3.Error as error:
            message = f"the conversation cannot be stored ({error}); check the disk that holds DATA_DIR"
            await self._fail(progress, StorageFailed(message))
        except DeskError as error:
            await self._fail(progress, error)
        except Exception:  # noqa: BLE001 - the edge: whatever it was becomes the run's one error event
            _LOG.exception("run %s failed", run.id)
            await self._fail(progress, DeskError("Something went wrong on our side; please ask again."))

    async def _relay(self, progress: _Progress) -> Outcome:
        run = progress.live.run
        async for item in self._answers.stream(run.question, run.thread_id, run.id):
            if isinstance(item, Outcome):
                return item
            progress.hear(item)
            await self._log.append(progress.live, item)
        raise DeskError("the answer ended without an outcome")

    async def _fail(self, progress: _Progress, error: DeskError) -> None:
        _LOG.warning("run %s failed: %s", progress.live.run.id, error.code)
        await self._end(progress, Error(code=error.code, message=error.message, retryable=error.retryable))

    async def _end(self, progress: _Progress, event: Done | Cancelled | Error, message_id: str | None = None) -> None:
        """The terminal event and the answer it leaves behind, in one transaction."""
        run, text = progress.live.run, progress.text

        def keep_answer(db: sqlite3.Connection) -> None:
            if text:
                storage.add_message(db, message_id or str(uuid.uuid4()), run, "assistant", text)

        if progress.live.failure:
            return
        # What was cut off could not end its own steps. The innermost began last.
        for step in reversed(progress.open_steps.values()):
            status: StepStatus = "cancelled" if isinstance(event, Cancelled) else "failed"
            await self._log.append(progress.live, TraceEnd(step_id=step.step_id, agent=step.agent, status=status))
        await self._log.append(progress.live, event, keep_answer)

    async def _stored_events(self, run_id: str) -> list[Event]:
        frames = [frame async for batch in self._log.follow(run_id, -1, 1) for frame in batch]
        return [sse.event_of(frame) for frame in frames]

    def _forget(self, run: Run) -> None:
        self._tasks.pop(run.id, None)
        self._busy.pop(run.session_id, None)


def _done(progress: _Progress, outcome: Outcome, message_id: str) -> Done:
    both = outcome.supervisor + outcome.workers
    return Done(
        message_id=message_id,
        usage=both.usage,
        cost_usd=round(both.cost_usd, 9),
        supervisor=outcome.supervisor,
        workers=outcome.workers,
        reduced=outcome.reduced,
        tokens=progress.tokens,
        time=round(time.time() - progress.live.run.created_at, 3),
        finish_reason=outcome.finish_reason,
    )
