"""The event log of the runs: each event is numbered and durable before any client sees it.

The writer commits as soon as it is free, and batches what gathers meanwhile into the next transaction. A run whose
events cannot be stored has failed; `resume` reopens its log behind the last stored event, to write its end.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from backend.encoders import sse
from backend.encoders.desk_events import DeskEventEncoder
from backend.encoders.sse import Frame
from backend.errors import StorageFailed
from backend.limits.clock import DeskClock
from backend.storage.runs import AnswerMessage, RunStore, StoredEvent, StoredRun
from frontdesk.contracts.events import Cancelled, Done, Error, Event

_PAGE = 100
# A producer that is this far ahead of the disk waits for it.
_MAX_PENDING = 5_000


@dataclass
class LiveRun:
    """A run under way: its frames from number `base` on, and the signal that tells its followers of new ones."""

    run: StoredRun
    base: int
    encoder: DeskEventEncoder
    posted: int
    clock: DeskClock
    frames: list[Frame] = field(default_factory=list)
    ended: bool = False
    failure: StorageFailed | None = None
    failed_at: float | None = None
    left: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Start the timer. The question of an earlier process was asked by a clock that may have been set since."""
        self._since = self.clock.elapsed()
        self._before = max(0.0, self.clock.now() - self.run.created_at)

    @property
    def seconds(self) -> float:
        """The seconds since the question was asked, however the system clock was set since."""
        return self._before + self.clock.elapsed() - self._since

    @property
    def now(self) -> float:
        """The current time, by the clock that the question was asked by."""
        return self.run.created_at + self.seconds

    @property
    def failing_seconds(self) -> float:
        """The seconds for which no event of the run could be stored."""
        return 0.0 if self.failure is None or self.failed_at is None else self.clock.elapsed() - self.failed_at

    def fail(self, reason: BaseException) -> None:
        """Note that no event of the run can be stored for now."""
        self.failure = StorageFailed(f"the run log cannot be written ({reason}); check the disk that holds DATA_DIR")
        self.failed_at = self.clock.elapsed() if self.failed_at is None else self.failed_at

    def publish(self, frames: list[Frame]) -> None:
        """Publish durable frames to all followers."""
        self.frames.extend(frames)
        self.changed.set()
        self.changed = asyncio.Event()

    async def stored(self) -> None:
        """Wait until the terminal event is durable; raise `StorageFailed` if it cannot be stored now."""
        while not self.ended:
            if self.failure:
                raise self.failure
            await self.changed.wait()

    async def wait(self, seconds: float) -> None:
        """Wait for a change, at most that many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.changed.wait()


class _PendingEvent(NamedTuple):
    live: LiveRun
    entry: StoredEvent


class EventLog:
    """The log of all runs, and the only writer of events."""

    def __init__(self, store: RunStore, clock: DeskClock | None = None) -> None:
        self._store = store
        self._clock = clock or DeskClock()
        self._live: dict[str, LiveRun] = {}
        self._pending: list[_PendingEvent] = []
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closing = False
        self._waiting: set[asyncio.Event] = set()
        self._writer = asyncio.create_task(self._write_loop(), name="run-log")

    def open(self, run: StoredRun, base: int = 0) -> LiveRun:
        """Open the log of a run, or continue one from number `base`."""
        live = LiveRun(run, base, DeskEventEncoder(run), posted=base, clock=self._clock)
        self._live[run.id] = live
        return live

    async def append(self, live: LiveRun, event: Event, answer: AnswerMessage | None = None) -> None:
        """Give an event its number and queue it for storage, with the answer that it leaves in the conversation."""
        if live.failure:
            raise live.failure
        at = live.now
        payload = live.encoder.encode(event, at)
        self._pending.append(_PendingEvent(live, StoredEvent(live.run.id, live.posted, event, payload, at, answer)))
        live.posted += 1
        self._work.set()
        if len(self._pending) >= _MAX_PENDING:
            self._room.clear()
            await self._room.wait()

    async def follow(self, run_id: str, after: int, idle_seconds: float) -> AsyncIterator[list[Frame]]:
        """Yield frames after number `after`, in batches, to the end of the run; an empty batch after each silence.

        Raise `StorageFailed` if the run has failed and its end could not be stored for `idle_seconds`.
        """
        live = self._live.get(run_id)
        if live is None or after + 1 < live.base:
            async for last, frames in self._stored(run_id, after):
                yield frames
                after = last
        if live is None:
            return
        position = after + 1 - live.base
        while position < len(live.frames) or not (live.ended or live.left):
            # A follower may be ahead: it asked for what comes after a number that does not exist yet.
            if position >= len(live.frames):
                await live.wait(idle_seconds)
                # The end follows when it can be stored; not every client can wait for that.
                if live.failure and live.failing_seconds >= idle_seconds and position >= len(live.frames):
                    raise live.failure
            frames = live.frames[position : position + _PAGE]
            position += len(frames)
            if frames or not (live.ended or live.left):
                yield frames

    async def resume(self, live: LiveRun) -> list[Event]:
        """Reopen a log that could not be written; return the stored events, which alone count from now on.

        Nothing may be appended meanwhile. Fails as reading does.
        """
        stored = await self._store.events_after(live.run.id, -1)
        frames = [sse.frame(seq, payload) for seq, payload in stored]
        live.posted, live.failure = len(frames), None
        events = [sse.event_of(frame) for frame in frames]
        # A commit that was reported as failed may have been stored all the same.
        if more := frames[live.base + len(live.frames) :]:
            self._note_end(live, events)
            live.publish(more)
        return events

    async def wait_for_room(self, seconds: float) -> None:
        """Wait until something is stored or the time is over: the moment to retry what could not be stored."""
        written = asyncio.Event()
        self._waiting.add(written)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await written.wait()
        finally:
            self._waiting.discard(written)

    def wake(self) -> None:
        """Wake everything that waits for room."""
        for written in self._waiting:
            written.set()

    def leave(self, live: LiveRun) -> None:
        """Drop a run that goes on in another process: its followers have to ask there for the rest."""
        live.left = True
        self._live.pop(live.run.id, None)
        live.publish([])

    async def close(self) -> None:
        """Store what is pending, then stop the writer."""
        self._closing = True
        self._work.set()
        await self._writer

    async def _stored(self, run_id: str, after: int) -> AsyncIterator[tuple[int, list[Frame]]]:
        while rows := await self._store.events_after(run_id, after, _PAGE):
            after = rows[-1].seq
            yield after, [sse.frame(seq, payload) for seq, payload in rows]

    async def _write_loop(self) -> None:
        while self._pending or not self._closing:
            await self._work.wait()
            self._work.clear()
            batch, self._pending = self._pending, []
            self._room.set()
            if batch:
                await self._commit(batch)

    async def _commit(self, batch: list[_PendingEvent]) -> None:
        """Store a batch, the events of each run all or not at all, so that one failure spoils no other run."""
        by_run: dict[str, list[_PendingEvent]] = {}
        for posted in batch:
            by_run.setdefault(posted.entry.run_id, []).append(posted)
        writes = [self._store.append_events([posted.entry for posted in of_run]) for of_run in by_run.values()]
        failures = await asyncio.gather(*writes, return_exceptions=True)
        for of_run, failure in zip(by_run.values(), failures, strict=True):
            self._publish(of_run, failure)

    def _publish(self, batch: list[_PendingEvent], failure: BaseException | None) -> None:
        live = batch[0].live
        if failure:
            live.fail(failure)
            # Events behind a gap are not stored either.
            self._pending = [posted for posted in self._pending if posted.live is not live]
            live.publish([])
            return
        self.wake()
        self._note_end(live, [posted.entry.event for posted in batch])
        live.publish([sse.frame(posted.entry.seq, posted.entry.payload) for posted in batch])

    def _note_end(self, live: LiveRun, events: Sequence[Event]) -> None:
        """Close the log of a run whose terminal event is stored."""
        if events and isinstance(events[-1], Done | Cancelled | Error):
            live.ended = True
            self._live.pop(live.run.id, None)
