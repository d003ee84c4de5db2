"""The runs under way, and the order of those of one conversation: never two at once."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from backend.errors import RemovalUnderWay
from backend.limits.budget import Reservation
from backend.storage.runs import Run

WhenBusy = Literal["reject", "enqueue", "interrupt"]


@dataclass(eq=False)
class Active:
    """A run that has not ended. It can be stopped while it waits or answers, not while its end is written.

    One that has `failed` waits for nothing but room on the disk for its end.
    """

    run: Run
    attempt: int = 1
    task: asyncio.Task[None] | None = None
    stopped: str | None = None
    suspended: bool = False
    failed: bool = False
    reservation: Reservation | None = None
    _breakable: bool = False

    def stop(self, reason: str) -> None:
        """Stop it for that reason; once is enough."""
        if self.stopped is None:
            self.stopped = reason
            self._break_off()

    def suspend(self) -> None:
        """Leave it for the next process to go on with, unless somebody has stopped it: that still holds."""
        if self.stopped is None:
            self.suspended = True
            self._break_off()

    @contextmanager
    def breakable(self) -> Iterator[None]:
        """What happens inside is broken off when the run is stopped."""
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


class Lanes:
    """Every run under way, by its id and by its conversation."""

    def __init__(self) -> None:
        self._by_id: dict[str, Active] = {}
        self._by_thread: defaultdict[str, list[Active]] = defaultdict(list)
        self._closed: Counter[str] = Counter()
        self._closed_users: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Active]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def by_state_and_agent(self) -> Iterator[tuple[str, ...]]:
        """For each run whether it waits for another of its conversation, and whom it asks."""
        for active in self:
            answers = self._by_thread[active.run.thread_id][0] is active
            yield "in_progress" if answers else "queued", active.run.agent_id

    def get(self, run_id: str) -> Active | None:
        """The run, if it has not ended."""
        return self._by_id.get(run_id)

    def of_thread(self, thread_id: str) -> list[Active]:
        """The runs of a conversation, the one that answers first."""
        return list(self._by_thread.get(thread_id, ()))

    @contextmanager
    def closed(self, thread_id: str) -> Iterator[None]:
        """Nothing more begins in a conversation meanwhile."""
        self._closed[thread_id] += 1
        try:
            yield
        finally:
            self._closed[thread_id] -= 1
            self._closed += Counter()  # forgets those that are open again

    def is_closed(self, thread_id: str) -> bool:
        """Whether nothing may begin in a conversation now."""
        return thread_id in self._closed

    def close_user(self, user_id: str) -> None:
        """Let nothing more of a user begin, until they are opened as often."""
        self._closed_users[user_id] += 1

    def open_user(self, user_id: str) -> None:
        """Let a user ask again."""
        self._closed_users[user_id] -= 1
        self._closed_users += Counter()

    def check_user(self, user_id: str) -> None:
        """Refuse what would add to what is just being deleted."""
        if user_id in self._closed_users:
            raise RemovalUnderWay("What the desk holds of you is being deleted; try again in a moment.")

    def thread_of(self, user_id: str, agent_id: str, session_id: str) -> str | None:
        """The conversation of a session that is only just being stored."""
        whose = (user_id, agent_id, session_id)
        runs = (active.run for active in self._by_id.values())
        return next((run.thread_id for run in runs if (run.user_id, run.agent_id, run.session_id) == whose), None)

    def of_user(self, user_id: str) -> int:
        """How many runs a user has under way."""
        return sum(active.run.user_id == user_id for active in self._by_id.values())

    def enter(self, active: Active) -> None:
        """Take the last place in the run's conversation."""
        self._by_id[active.run.id] = active
        self._by_thread[active.run.thread_id].append(active)

    async def wait_for_turn(self, active: Active) -> None:
        """Until every run before this one has ended."""
        while (first := self._by_thread[active.run.thread_id][0]) is not active:
            assert first.task  # noqa: S101 - a run has its task before the next one enters
            await asyncio.wait([first.task])

    def leave(self, active: Active) -> None:
        """The run has ended."""
        del self._by_id[active.run.id]
        lane = self._by_thread[active.run.thread_id]
        lane.remove(active)
        if not lane:
            del self._by_thread[active.run.thread_id]
