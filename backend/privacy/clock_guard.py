"""The check that the machine's clock can be trusted before retention deletes by it.

A clock that jumps ahead makes everything look old. It is doubted if it has moved more than an hour further than the
time elapsed since the last check, or at a start, by more than the retention period beyond the last check or, before the
first one, beyond the newest stored row. Nothing is deleted then until the clock is right again, or until the server has
run for a day, in which an operator can see the warning. The doubt outlasts a restart.
"""

import logging
from typing import Self

from backend.limits.clock import DeskClock
from backend.storage.retention import ClockCheck, RetentionStore

_LOG = logging.getLogger(__name__)

_HOUR_SECONDS = 3_600
_DAY_SECONDS = 86_400


class ClockGuard:
    """A comparison of the machine's clock with elapsed time, from one check to the next."""

    def __init__(self, store: RetentionStore, clock: DeskClock, last: ClockCheck, slack_seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._last = last
        self._elapsed = clock.elapsed()
        self._slack_seconds = slack_seconds

    @classmethod
    async def open(cls, store: RetentionStore, clock: DeskClock, days: int) -> Self:
        """Read the time for the first comparison; call this before the process stores anything by its clock."""
        last = await store.last_clock_check() or ClockCheck(clock.wall())
        return cls(store, clock, last, days * _DAY_SECONDS)

    async def now(self) -> float | None:
        """Return the time by the machine's clock, or None if it is doubted, and store the result of the check."""
        now, elapsed = self._clock.wall(), self._clock.elapsed()
        passed, self._elapsed = elapsed - self._elapsed, elapsed
        trusted_at, left = self._last
        ahead = now - trusted_at - passed
        doubted = ahead > self._slack_seconds
        left = _DAY_SECONDS if left is None else left - passed
        # The larger slack is for a start alone: while the server was off, the elapsed time is unknown.
        self._slack_seconds = _HOUR_SECONDS
        if trusts := not doubted or left <= 0:
            self._last = ClockCheck(now)
        else:
            self._last = ClockCheck(trusted_at + passed, left)
            _LOG.warning(
                "the clock is %.1f days ahead of what was expected, so nothing is deleted for its age; set it right, "
                "or if it is right, the desk believes it in %.0f hours",
                ahead / _DAY_SECONDS,
                left / _HOUR_SECONDS,
            )
        await self._store.store_clock_check(self._last)
        return now if trusts else None
