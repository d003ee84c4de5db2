"""The run engine: accepts questions, runs the assistant independently of the client, and logs every event."""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any

from agents.assistant import AnswerOutcome, AssistantRequest
from agents.graph.supervisor import SUPERVISOR
from agents.models.allowance import within_allowance
from backend.encoders import sse
from backend.encoders.sse import Frame
from backend.errors import RunTimedOut, ShuttingDown, StorageFailed, Unexpected
from backend.limits.budget import Reservation
from backend.limits.clock import DeskClock
from backend.limits.costs import CostEstimates
from backend.metrics import Metrics
from backend.runs.admission import RunAdmission
from backend.runs.event_log import EventLog
from backend.runs.indexing_job import INDEXING
from backend.runs.intake import RunIntake, RunRequest
from backend.runs.queue import ActiveRun, RunQueue
from backend.runs.recorder import RunRecorder, of_attempt
from backend.runs.writer import AnswerSource, RunWriter, ids, start_of
from backend.settings import Settings
from backend.storage.runs import StoredRun
from backend.storage.stores import Stores
from frontdesk.contracts.events import Cancelled, Error, Event
from knowledge.errors import DeskError, StorageFull
from knowledge.storage.database import DatabaseError

_LOG = logging.getLogger(__name__)

INTERRUPTED = Error(
    code="interrupted", message="The desk was stopped in the middle of this answer; please ask again.", retryable=True
)
# A run that has seen the process end this often may well be the cause.
_MOST_ATTEMPTS = 3


class RunEngine:
    """The engine that executes the runs, each in a task of its own."""

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        log: EventLog,
        answers: Callable[[str], AnswerSource],
        metrics: Metrics,
        clock: DeskClock,
        costs: CostEstimates,
    ) -> None:
        self._settings = settings
        self._store = stores.runs
        self._log = log
        self._answers = answers
        self._metrics = metrics
        self._costs = costs
        self.lanes = RunQueue()
        self.admission = RunAdmission(settings, stores.spending, self.lanes, clock)
        self._asking = RunIntake(settings, stores, self.lanes, self.admission, clock, costs)
        self._writer = RunWriter(stores.runs, log, answers, metrics)
        self.stopping = False

    async def recover(self) -> None:
        """Continue the runs that an earlier process left unfinished, or end them: none stays open."""
        ending = []
        for run in await self._store.unfinished_runs():
            events = await self._stored_events(run.id)
            progress = RunRecorder(self._log.open(run, base=len(events)))
            for event in events:
                progress.hear(event)
            end = self._end_of(run)
            active = ActiveRun(run, run.attempts + (run.status != "queued"), reservation=self._set_aside(run))
            self._lane(active, self._take_up(active, progress, end))
            if end:
                ending.append(progress.live)
        for live in ending:
            with suppress(StorageFailed):
                await live.stored()

    async def start(self, asked: RunRequest) -> StoredRun:
        """Store the question and start its run; return once both would survive a crash."""
        if self.stopping:
            raise ShuttingDown("The desk is being stopped; please ask again in a moment.")
        async with self._asking.admitted(asked) as (run, continues, reservation):
            active = ActiveRun(run, reservation=reservation)
            opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            # The client may disconnect at once; a run that has begun is ended all the same.
            self._lane(active, self._begin(active, opened, continues=continues))
        await asyncio.shield(opened)
        return run

    async def get(self, run_id: str, user_id: str) -> StoredRun:
        """Return a run of that user by id, or raise `RunUnknown`."""
        run = await self._store.run_of_user(user_id, run_id)
        active = self.lanes.get(run.id)
        # The outcome is known, though the disk has no room for it.
        return replace(run, status="failed", error_code=StorageFailed.code) if active and active.failed else run

    def follow(self, run_id: str, after: int = -1) -> AsyncIterator[list[Frame]]:
        """Stream a run's frames after `after`, stored and live, to its end; an empty batch after each silence."""
        return self._log.follow(run_id, after, self._settings.heartbeat_seconds)

    async def cancel(self, run_id: str, user_id: str, reason: str) -> StoredRun:
        """Cancel a run and return at once, before its last event; a run that has ended stays as it is."""
        run = await self.get(run_id, user_id)
        if not run.is_open:
            return run
        self.cancel_now(run.id, reason)
        try:
            await self._store.note_stop(run.id, reason)
        except (DatabaseError, StorageFull):
            # The run is stopped all the same; only after a crash before its end would it go on.
            _LOG.warning("that a run was stopped cannot be stored", extra=ids(run))
        return run

    def cancel_now(self, run_id: str, reason: str) -> None:
        """Cancel a run whose user is known to be the one that asks."""
        if active := self.lanes.get(run_id):
            active.stop(reason)

    async def cancel_thread(self, thread_id: str, reason: str) -> None:
        """Cancel all runs of a conversation and wait until none of them emits another event."""
        actives = self.lanes.of_thread(thread_id)
        for active in actives:
            active.stop(reason)
        if tasks := _tasks(actives):
            await asyncio.wait(tasks)

    async def cancel_user(self, user_id: str, reason: str) -> None:
        """Cancel all runs of a user and wait until none of them emits another event."""
        actives = [active for active in self.lanes if active.run.user_id == user_id]
        for active in actives:
            active.stop(reason)
        if tasks := _tasks(actives):
            await asyncio.wait(tasks)

    async def stop(self, seconds: float) -> None:
        """Accept no more questions; let runs go on for `seconds`, then leave them to the next process."""
        self.stopping = True
        goes_on = self._settings.interrupted_runs == "continue"
        if goes_on and (answering := _tasks(self.lanes)):
            await asyncio.wait(answering, timeout=seconds)
        for active in self.lanes:
            if goes_on:
                active.suspend()
            else:
                active.stop("the desk is shutting down")
        self._writer.leave()
        if left := [active.task for active in self.lanes if active.task]:
            await asyncio.wait(left, timeout=seconds)

    def _set_aside(self, run: StoredRun) -> Reservation | None:
        """Reserve budget for what a run of an earlier process may still cost."""
        budget = self.admission.budget
        if not budget.limited:
            return None
        return budget.resume(run.user_id, self._costs.of_question(run.agent_id, run.question, run.request))

    def _end_of(self, run: StoredRun) -> Cancelled | Error | None:
        """Return the event that ends a run left by an earlier process, or None if the run goes on."""
        if run.stopped:
            return Cancelled(reason=run.stopped)
        if self._settings.interrupted_runs == "end" or run.attempts >= _MOST_ATTEMPTS:
            return INTERRUPTED
        return None

    async def _take_up(self, active: ActiveRun, progress: RunRecorder, end: Cancelled | Error | None) -> None:
        """Continue a run of an earlier process, or end it."""
        run = active.run
        try:
            if not progress.heard:
                await self._writer.say(progress, start_of(run))
            for step in progress.cut_off("failed"):
                await self._writer.say(progress, step)
        except StorageFailed:
            await self._writer.end_later(active, progress.live)
            return
        if end:
            await self._writer.give_up(active, progress, end, _turn(run, ""))
        else:
            _LOG.info("run goes on after a restart", extra=ids(run))
            await self._go_on(active, progress, again=run.status != "queued")

    def _lane(self, active: ActiveRun, work: Coroutine[Any, Any, None]) -> None:
        self.lanes.enter(active)
        active.task = asyncio.create_task(self._until_left(active, work), name=f"run-{active.run.id}")

    async def _until_left(self, active: ActiveRun, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        finally:
            self.lanes.leave(active)
            if active.reservation:
                active.reservation.release()

    async def _begin(self, active: ActiveRun, opened: asyncio.Future[None], *, continues: bool) -> None:
        run = active.run
        live = self._log.open(run)
        progress = RunRecorder(live)
        try:
            await self._store.begin_run(run, str(uuid.uuid4()), continues=continues)
            await self._writer.say(progress, start_of(run))
        except (DatabaseError, DeskError) as error:
            self._log.leave(live)
            opened.set_exception(_not_stored(error))
            return
        opened.set_result(None)
        self._metrics.began(run)
        await self._go_on(active, progress, again=False)

    async def _go_on(self, active: ActiveRun, progress: RunRecorder, *, again: bool) -> None:
        """Answer the question and write how the run ended."""
        run = active.run
        turn = _turn(run, progress.text if again else None)
        try:
            with active.breakable(), within_allowance(active.reservation):
                outcome = await self._answer(active, turn, progress)
            message_id = str(uuid.uuid4())
            await self._writer.end(progress, progress.done(outcome, message_id), message_id, outcome.data)
        except asyncio.CancelledError:
            if active.suspended:
                self._log.leave(progress.live)
                return
            stopped = Cancelled(reason=active.stopped or "cancelled")
            await self._writer.give_up(active, progress, stopped, turn)
        except TimeoutError:
            error: DeskError = RunTimedOut(
                f"no answer within {self._settings.run_timeout_seconds:g} s; please ask again"
            )
            await self._fail(active, progress, error, turn)
        except DatabaseError as error:
            await self._fail(active, progress, _not_stored(error), turn)
        except DeskError as error:
            await self._fail(active, progress, error, turn)
        except Exception:  # noqa: BLE001 - the edge: whatever it was becomes the run's one error event
            _LOG.exception("run failed", extra=ids(run))
            await self._fail(active, progress, Unexpected("Something went wrong on our side; please ask again."), turn)

    async def _answer(self, active: ActiveRun, turn: AssistantRequest, progress: RunRecorder) -> AnswerOutcome:
        run = active.run
        await self.lanes.wait_for_turn(active)
        if run.status == "queued" or active.attempt > 1:
            await self._store.take_up(run.id, active.attempt)
        # Indexing has no timeout: it takes as long as there are documents.
        limit = None if run.agent_id == INDEXING else self._settings.run_timeout_seconds
        async with asyncio.timeout(limit):
            async with aclosing(self._answers(run.agent_id).stream(turn)) as items:
                async for item in items:
                    if isinstance(item, AnswerOutcome):
                        return item
                    await self._writer.say(progress, of_attempt(item, active.attempt))
        raise DeskError("the answer ended without an outcome")

    async def _fail(self, active: ActiveRun, progress: RunRecorder, error: DeskError, turn: AssistantRequest) -> None:
        _LOG.warning("run failed: %s", error.code, extra=ids(progress.live.run))
        # An interrupted question may always be asked again.
        retryable = error.retryable or turn.said is not None
        event = Error(code=error.code, message=error.message, retryable=retryable)
        await self._writer.give_up(active, progress, event, turn)

    async def _stored_events(self, run_id: str) -> list[Event]:
        frames = [frame async for batch in self._log.follow(run_id, -1, 1) for frame in batch]
        return [sse.event_of(frame) for frame in frames]


def _tasks(actives: Iterable[ActiveRun]) -> list[asyncio.Task[None]]:
    """Return the tasks that may still emit events: a run that has failed only waits for room on the disk."""
    return [active.task for active in actives if active.task and not active.failed]


def _turn(run: StoredRun, said: str | None) -> AssistantRequest:
    agent = None if run.agent_id == SUPERVISOR else run.agent_id
    asks_again = run.replaces is not None
    return AssistantRequest(run.question, run.thread_id, run.id, agent, run.user_id, said, run.request, asks_again)


def _not_stored(error: Exception) -> DeskError:
    if isinstance(error, DeskError):
        return error
    return StorageFailed(f"the conversation cannot be stored ({error}); check the disk that holds DATA_DIR")
