"""The run engine: takes questions, runs the assistant detached from whoever asked, and writes everything to the log."""

import asyncio
import logging
import sqlite3
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from typing import Any, Protocol

from agents.assistant import Outcome, Turn
from agents.events import Cancelled, Done, Error, Event, Start, StepStatus
from agents.supervisor import SUPERVISOR
from backend import sse, storage, threads
from backend.admission import Admission
from backend.asking import Asked, Asking
from backend.errors import RunTimedOut, ShuttingDown, StorageFailed, Unexpected
from backend.indexing import INDEXING
from backend.lanes import Active, Lanes
from backend.metrics import Metrics
from backend.progress import Progress, of_attempt
from backend.runlog import RunLog
from backend.settings import Settings
from backend.sse import Frame
from backend.storage import Run
from knowledge.database import Database
from knowledge.errors import DeskError

_LOG = logging.getLogger(__name__)

INTERRUPTED = Error(
    code="interrupted", message="The desk was stopped in the middle of this answer; please ask again.", retryable=True
)
# A question that has been under way at that many ends of the process may well be what ended it.
_MOST_ATTEMPTS = 3


class Answers(Protocol):
    """What the engine runs: see `agents.assistant.Assistant`."""

    def stream(self, turn: Turn) -> AsyncGenerator[Event | Outcome]: ...

    async def leave(self, turn: Turn, said: str) -> None: ...


class RunEngine:
    """Every run under way, as a task of its own."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        log: RunLog,
        answers: Callable[[str], Answers],
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._database = database
        self._log = log
        self._answers = answers
        self._metrics = metrics
        self.lanes = Lanes()
        self.admission = Admission(settings, database, self.lanes)
        self._asking = Asking(settings, database, self.lanes, self.admission)
        self.stopping = False

    async def recover(self) -> None:
        """Go on with what a process that is gone had under way, or end it: nothing stays unfinished."""
        for run in await self._database.read(storage.unfinished_runs):
            events = await self._stored_events(run.id)
            progress = Progress(self._log.open(run, base=len(events)))
            for event in events:
                progress.hear(event)
            if not events:
                await self._say(progress, _start(run))
            for end in progress.cut_off("failed"):
                await self._say(progress, end)
            if run.stopped:
                await self._give_up(progress, Cancelled(reason=run.stopped))
                continue
            if self._settings.interrupted_runs == "end" or run.attempts >= _MOST_ATTEMPTS:
                await self._give_up(progress, INTERRUPTED)
                continue
            _LOG.info("run goes on after a restart", extra=_ids(run))
            begun = run.status != "queued"
            active = Active(run, run.attempts + begun)
            self._lane(active, self._go_on(active, progress, again=begun))

    async def start(self, asked: Asked) -> Run:
        """Store the question and begin to answer it. Returns once both would survive a crash."""
        if self.stopping:
            raise ShuttingDown("The desk is being stopped; please ask again in a moment.")
        async with self._asking.admitted(asked) as run:
            active = Active(run)
            opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            # Whoever asked may leave at once; what is begun is ended all the same.
            self._lane(active, self._begin(active, opened))
        await asyncio.shield(opened)
        return run

    async def get(self, run_id: str, user_id: str) -> Run:
        """A run of that user's by id, or `RunUnknown`."""
        return await self._database.read(lambda db: storage.run_of(db, user_id, run_id))

    def follow(self, run_id: str, after: int = -1) -> AsyncIterator[list[Frame]]:
        """A run's frames after number `after`, stored and live, to its end; an empty batch after each silence."""
        return self._log.follow(run_id, after, self._settings.heartbeat_seconds)

    async def cancel(self, run_id: str, user_id: str, reason: str) -> Run:
        """Stop a run. Returns at once, before its last event; one that has ended stays as it is."""
        run = await self.get(run_id, user_id)
        self.cancel_now(run.id, reason)
        await self._database.write(lambda db: storage.note_stop(db, run.id, reason))
        return run

    def cancel_now(self, run_id: str, reason: str) -> None:
        """Stop a run whose user is known to be the one that asks."""
        if active := self.lanes.get(run_id):
            active.stop(reason)

    async def cancel_thread(self, thread_id: str, reason: str) -> None:
        """Stop everything of a conversation and wait until it has ended."""
        actives = self.lanes.of_thread(thread_id)
        for active in actives:
            active.stop(reason)
        if tasks := [active.task for active in actives if active.task]:
            await asyncio.wait(tasks)

    async def cancel_user(self, user_id: str, reason: str) -> None:
        """Stop everything of a user and wait until it has ended."""
        actives = [active for active in self.lanes if active.run.user_id == user_id]
        for active in actives:
            active.stop(reason)
        if tasks := [active.task for active in actives if active.task]:
            await asyncio.wait(tasks)

    async def stop(self, seconds: float) -> None:
        """Take no more questions; give answers under way that long, then leave them to the next process."""
        self.stopping = True
        tasks = [active.task for active in self.lanes if active.task]
        if not tasks:
            return
        if self._settings.interrupted_runs == "continue":
            await asyncio.wait(tasks, timeout=seconds)
        for active in self.lanes:
            if self._settings.interrupted_runs == "continue":
                active.suspend()
            else:
                active.stop("the desk is shutting down")
        await asyncio.wait(tasks, timeout=seconds)

    def _lane(self, active: Active, work: Coroutine[Any, Any, None]) -> None:
        self.lanes.enter(active)
        active.task = asyncio.create_task(self._until_left(active, work), name=f"run-{active.run.id}")

    async def _until_left(self, active: Active, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        finally:
            self.lanes.leave(active)

    async def _begin(self, active: Active, opened: asyncio.Future[None]) -> None:
        run = active.run
        live = self._log.open(run)
        progress = Progress(live)
        try:
            await self._database.write(lambda db: storage.begin_run(db, run, str(uuid.uuid4())))
            await self._say(progress, _start(run))
        except (sqlite3.Error, DeskError) as error:
            self._log.leave(live)
            opened.set_exception(_not_stored(error))
            return
        opened.set_result(None)
        self._metrics.began(run)
        await self._go_on(active, progress, again=False)

    async def _go_on(self, active: Active, progress: Progress, *, again: bool) -> None:
        """Answer, and write how that ended."""
        run = active.run
        turn = _turn(run, progress.text if again else None)
        try:
            with active.breakable():
                outcome = await self._answer(active, turn, progress)
            message_id = str(uuid.uuid4())
            await self._end(progress, progress.done(outcome, message_id), message_id, outcome.data)
        except asyncio.CancelledError:
            if active.suspended:
                self._log.leave(progress.live)
                return
            await self._give_up(progress, Cancelled(reason=active.stopped or "cancelled"), turn)
        except TimeoutError:
            error: DeskError = RunTimedOut(
                f"no answer within {self._settings.run_timeout_seconds:g} s; please ask again"
            )
            await self._fail(progress, error, turn)
        except sqlite3.Error as error:
            await self._fail(progress, _not_stored(error), turn)
        except DeskError as error:
            await self._fail(progress, error, turn)
        except Exception:  # noqa: BLE001 - the edge: whatever it was becomes the run's one error event
            _LOG.exception("run failed", extra=_ids(run))
            await self._fail(progress, Unexpected("Something went wrong on our side; please ask again."), turn)

    async def _answer(self, active: Active, turn: Turn, progress: Progress) -> Outcome:
        run = active.run
        await self.lanes.wait_for_turn(active)
        if run.status == "queued" or active.attempt > 1:
            await self._database.write(lambda db: storage.take_up(db, run.id, active.attempt))
        # Work on documents takes as long as there are documents.
        limit = None if run.agent_id == INDEXING else self._settings.run_timeout_seconds
        async with asyncio.timeout(limit):
            async with aclosing(self._answers(run.agent_id).stream(turn)) as items:
                async for item in items:
                    if isinstance(item, Outcome):
                        return item
                    await self._say(progress, of_attempt(item, active.attempt))
        raise DeskError("the answer ended without an outcome")

    async def _say(self, progress: Progress, event: Event) -> None:
        progress.hear(event)
        self._metrics.heard(progress, event)
        await self._log.append(progress.live, event)

    async def _fail(self, progress: Progress, error: DeskError, turn: Turn) -> None:
        _LOG.warning("run failed: %s", error.code, extra=_ids(progress.live.run))
        # What was interrupted may always be asked again.
        retryable = error.retryable or turn.said is not None
        await self._give_up(progress, Error(code=error.code, message=error.message, retryable=retryable), turn)

    async def _give_up(self, progress: Progress, event: Cancelled | Error, turn: Turn | None = None) -> None:
        """The end of an answer that is not whole. The conversation remembers what was said of it."""
        run = progress.live.run
        try:
            await self._answers(run.agent_id).leave(turn or _turn(run, ""), progress.text)
        except Exception:  # noqa: BLE001 - the edge: whatever is wrong with the memory, the run gets its end
            _LOG.exception("the conversation could not be tidied up", extra=_ids(run))
        status: StepStatus = "cancelled" if isinstance(event, Cancelled) else "failed"
        message_id = str(uuid.uuid4())
        if isinstance(event, Cancelled) and progress.text:
            event = event.model_copy(update={"message_id": message_id})
        if progress.live.failure:
            return
        # What was cut off could not end its own steps.
        for end in progress.cut_off(status):
            await self._say(progress, end)
        await self._end(progress, event, message_id)

    async def _end(
        self,
        progress: Progress,
        event: Done | Cancelled | Error,
        message_id: str,
        data: dict[str, Any] | None = None,
    ) -> None:
        """The terminal event and the answer it leaves behind, in one transaction."""
        run, text = progress.live.run, progress.text

        def keep_answer(db: sqlite3.Connection) -> None:
            if text or data:
                kept = progress.kept | (data or {})
                threads.add_message(db, message_id, run.thread_id, run.id, "assistant", text, kept)

        if progress.live.failure:
            return
        self._metrics.ended(progress, event)
        _LOG.info("run ended: %s", event.type, extra=_ids(run))
        await self._log.append(progress.live, event, keep_answer)
        # Until then it is under way: its costs are not counted yet, and nothing of it may be deleted.
        await progress.live.stored()

    async def _stored_events(self, run_id: str) -> list[Event]:
        frames = [frame async for batch in self._log.follow(run_id, -1, 1) for frame in batch]
        return [sse.event_of(frame) for frame in frames]


def _start(run: Run) -> Start:
    return Start(run_id=run.id, thread_id=run.thread_id, session_id=run.session_id, generation_id=run.id)


def _turn(run: Run, said: str | None) -> Turn:
    agent = None if run.agent_id == SUPERVISOR else run.agent_id
    return Turn(run.question, run.thread_id, run.id, agent, run.user_id, said, run.request)


def _not_stored(error: Exception) -> DeskError:
    if isinstance(error, DeskError):
        return error
    return StorageFailed(f"the conversation cannot be stored ({error}); check the disk that holds DATA_DIR")


def _ids(run: Run) -> dict[str, str]:
    """For the log: which run of which conversation; never what was said."""
    return {"run_id": run.id, "thread_id": run.thread_id, "user_id": run.user_id, "agent_id": run.agent_id}
