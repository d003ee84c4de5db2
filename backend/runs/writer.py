"""The writer of runs: stores events as they come, and the end, if need be once the disk has room again."""

import logging
import uuid
from collections.abc import AsyncGenerator, Callable
from typing import Any, Protocol

from agents.assistant import AnswerOutcome, AssistantRequest
from backend.errors import StorageFailed
from backend.metrics import Metrics
from backend.runs.event_log import EventLog, LiveRun
from backend.runs.queue import ActiveRun
from backend.runs.recorder import RunRecorder
from backend.storage.runs import AnswerMessage, RunStore, StoredRun
from frontdesk.contracts.events import Cancelled, Done, Error, Event, Start, StepStatus
from knowledge.errors import DeskError
from knowledge.storage.database import DatabaseError

_LOG = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 10.0


class AnswerSource(Protocol):
    """The interface of what answers a run; see `agents.assistant.Assistant`."""

    def stream(self, turn: AssistantRequest) -> AsyncGenerator[Event | AnswerOutcome]: ...

    async def leave(self, turn: AssistantRequest, said: str) -> None: ...


class RunWriter:
    """The writer of every run's events; whatever happens, it gives each run exactly one end."""

    def __init__(
        self, store: RunStore, log: EventLog, answers: Callable[[str], AnswerSource], metrics: Metrics
    ) -> None:
        self._store = store
        self._log = log
        self._answers = answers
        self._metrics = metrics
        self._leaving = False

    async def say(self, progress: RunRecorder, event: Event) -> None:
        """Write the next event of a run."""
        progress.hear(event)
        self._metrics.heard(progress, event)
        await self._log.append(progress.live, event)

    async def end(
        self,
        progress: RunRecorder,
        event: Done | Cancelled | Error,
        message_id: str,
        data: dict[str, Any] | None = None,
    ) -> None:
        """Write the terminal event and the answer it leaves behind, in one transaction; return once it is stored."""
        live, answer = progress.live, None
        if progress.text or data:
            kept = progress.kept | (data or {})
            answer = AnswerMessage(message_id, live.run.thread_id, progress.text, kept, live.now)
        await self._log.append(live, event, answer)
        # Until then the run is under way: its costs are not counted yet, and nothing of it may be deleted.
        await live.stored()
        self._metrics.ended(progress, event)
        _LOG.info("run ended: %s", event.type, extra=ids(live.run))

    async def give_up(
        self, active: ActiveRun, progress: RunRecorder, event: Cancelled | Error, turn: AssistantRequest
    ) -> None:
        """End a run whose answer is not complete; the conversation keeps the text so far."""
        await self._leave(turn, progress)
        try:
            status: StepStatus = "cancelled" if isinstance(event, Cancelled) else "failed"
            # An answer that was broken off could not end its own steps.
            for end in progress.cut_off(status):
                await self.say(progress, end)
            await self._close(progress, event)
        except StorageFailed:
            await self.end_later(active, progress.live)

    async def end_later(self, active: ActiveRun, live: LiveRun) -> None:
        """End a run whose log cannot be written: retry with backoff until its error event is stored.

        Until then no other run begins in its conversation. If the desk stops first, the next process ends the run.
        """
        active.failed = True
        _LOG.warning("the end of a run cannot be stored yet", extra=ids(live.run))
        failure, pause = _error(live), _FIRST_PAUSE_SECONDS
        while not self._leaving:
            await self._log.wait_for_room(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            try:
                if self._leaving or not await self._is_stored(live.run):
                    break
                await self._end_stored(live, failure)
            except (DeskError, DatabaseError) as error:
                _LOG.debug("still no room: %s", error, extra=ids(live.run))
            else:
                return
        self._log.leave(live)

    def leave(self) -> None:
        """Stop retrying: ends that cannot be stored are left to the next process."""
        self._leaving = True
        self._log.wake()

    async def _end_stored(self, live: LiveRun, failure: Error) -> None:
        """End a run behind its last stored event: clients have seen nothing beyond that."""
        progress = RunRecorder(live)
        for event in await self._log.resume(live):
            progress.hear(event)
        if live.ended:
            return
        if not progress.heard:
            await self._write(progress, start_of(live.run))
        for end in progress.cut_off("failed"):
            await self._write(progress, end)
        await self._close(progress, failure)

    async def _close(self, progress: RunRecorder, event: Cancelled | Error) -> None:
        message_id = str(uuid.uuid4())
        if isinstance(event, Cancelled) and progress.text:
            event = event.model_copy(update={"message_id": message_id})
        await self.end(progress, event, message_id)

    async def _write(self, progress: RunRecorder, event: Event) -> None:
        progress.hear(event)
        await self._log.append(progress.live, event)

    async def _leave(self, turn: AssistantRequest, progress: RunRecorder) -> None:
        run = progress.live.run
        try:
            await self._answers(run.agent_id).leave(turn, progress.text)
        except Exception:  # noqa: BLE001 - the edge: whatever is wrong with the memory, the run gets its end
            _LOG.exception("the conversation could not be tidied up", extra=ids(run))

    async def _is_stored(self, run: StoredRun) -> bool:
        """Tell whether the run is still stored: its conversation may have been deleted meanwhile."""
        return await self._store.get_run(run.id) is not None


def start_of(run: StoredRun) -> Start:
    """Return the first event of a run."""
    return Start(run_id=run.id, thread_id=run.thread_id, session_id=run.session_id, generation_id=run.id)


def ids(run: StoredRun) -> dict[str, str]:
    """Return the log fields that identify a run and its conversation; never any of its text."""
    return {"run_id": run.id, "thread_id": run.thread_id, "user_id": run.user_id, "agent_id": run.agent_id}


def _error(live: LiveRun) -> Error:
    failure = live.failure or StorageFailed("the run log could not be written; check the disk that holds DATA_DIR")
    return Error(code=failure.code, message=failure.message, retryable=failure.retryable)
