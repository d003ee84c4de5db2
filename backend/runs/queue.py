"""The queue of runs: those of one conversation are answered in order, never two at once."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from backend.errors import RemovalUnderWay
from backend.limits.budget import Reservation
from backend.storage.runs import StoredRun

WhenBusy = Literal["reject", "enqueue", "interrupt"]


@dataclass(eq=False)
class ActiveRun:
    """A run that has not ended. It can be stopped while it waits or answers, not while its end is written.

    A run that has `failed` only waits for room on the disk to store its end.
    """

    run: StoredRun
    attempt: int = 1
    task: asyncio.Task[None] | None = None
    stopped: str | None = None
    suspended: bool = False
    failed: bool = False
    reservation: Reservation | None = None
    _breakable: bool = False

    def stop(self, reason: str) -> None:
        """Stop the run for that reason; a second call changes nothing."""
        if self.stopped is None:
            self.stopped = reason
            self._break_off()

    def suspend(self) -> None:
        """Leave the run for the next process to continue, unless it was stopped: that still holds."""
        if self.stopped is None:
            self.suspended = True
            self._break_off()

    @contextmanager
    def breakable(self) -> Iterator[None]:
        """Cancel the task when the run is stopped inside this block, or was stopped before it."""
        if self.stopped is not None or self.suspended:
            raise asyncio.CancelledError
        self._breakable = True
        try:
            yield
        finally:
            self._breakable = False

    def _break_off(self) -> None:
        if self._breakable and self.task:
            self.task.cancel()


class RunQueue:
    """All runs under way, by id and in a queue for each conversation."""

    def __init__(self) -> None:
        self._by_id: dict[str, ActiveRun] = {}
        self._by_thread: defaultdict[str, list[ActiveRun]] = defaultdict(list)
        self._closed: Counter[str] = Counter()
        self._closed_users: Counter[str] = Counter()

    def __iter__(self) -> Iterator[ActiveRun]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def by_state_and_agent(self) -> Iterator[tuple[str, ...]]:
        """Yield for each run its state, `queued` or `in_progress`, and its agent."""
        for active in self:
            answers = self._by_thread[active.run.thread_id][0] is active
            yield "in_progress" if answers else "queued", active.run.agent_id

    def get(self, run_id: str) -> ActiveRun | None:
        """Return the run, if it has not ended."""
        return self._by_id.get(run_id)

    def of_thread(self, thread_id: str) -> list[ActiveRun]:
        """Return the runs of a conversation, the one that answers first."""
        return list(self._by_thread.get(thread_id, ()))

    @contextmanager
    def closed(self, thread_id: str) -> Iterator[None]:
        """Keep new runs from beginning in a conversation inside this block."""
        self._closed[thread_id] += 1
        try:
            yield
        finally:
            self._closed[thread_id] -= 1
            self._closed += Counter()  # drops those that are open again

    def is_closed(self, thread_id: str) -> bool:
        """Tell whether a conversation accepts no new runs now."""
        return thread_id in self._closed

    def close_user(self, user_id: str) -> None:
        """Refuse new runs of a user, until `open_user` is called as often."""
        self._closed_users[user_id] += 1

    def open_user(self, user_id: str) -> None:
        """Undo one call of `close_user`."""
        self._closed_users[user_id] -= 1
        self._closed_users += Counter()

    def check_user(self, user_id: str) -> None:
        """Raise `RemovalUnderWay` while the data of this user is being deleted."""
        if user_id in self._closed_users:
            raise RemovalUnderWay("What the desk holds of you is being deleted; try again in a moment.")

    def thread_of(self, user_id: str, agent_id: str, session_id: str) -> str | None:
        """Return the conversation of a session that is only just being stored."""
        whose = (user_id, agent_id, session_id)
        runs = (active.run for active in self._by_id.values())
        return next((run.thread_id for run in runs if (run.user_id, run.agent_id, run.session_id) == whose), None)

    def of_user(self, user_id: str) -> int:
        """Count the runs that a user has under way."""
        return sum(active.run.user_id == user_id for active in self._by_id.values())

    def enter(self, active: ActiveRun) -> None:
        """Append a run to the queue of its conversation."""
        self._by_id[active.run.id] = active
        self._by_thread[active.run.thread_id].append(active)

    async def wait_for_turn(self, active: ActiveRun) -> None:
        """Wait until every run before this one has ended."""
        while (first := self._by_thread[active.run.thread_id][0]) is not active:
            assert first.task  # noqa: S101 - a run has its task before the next one enters
            await asyncio.wait([first.task])

    def leave(self, active: ActiveRun) -> None:
        """Remove a run that has ended."""
        del self._by_id[active.run.id]
        lane = self._by_thread[active.run.thread_id]
        lane.remove(active)
        if not lane:
            del self._by_thread[active.run.thread_id]
