"""The check that the machine's clock can be trusted before retention deletes by it.

A clock that jumps ahead makes everything look old. It is doubted if it has moved more than an hour further than the
time elapsed since the last check, or at a start, by more than the retention period beyond the last check or, before the
first one, beyond the newest stored row. Nothing is deleted then until the clock is right again, or until the server has
run for a day, in which an operator can see the warning. The doubt outlasts a restart.
"""

import logging
import sqlite3
from typing import NamedTuple, Self

from backend.limits.clock import DeskClock
from knowledge.storage.database import Database

_LOG = logging.getLogger(__name__)

_HOUR_SECONDS = 3_600
_DAY_SECONDS = 86_400


class _Look(NamedTuple):
    trusted_at: float
    # How long the server must still run before it trusts a doubted clock.
    doubt_seconds: float | None = None


class ClockGuard:
    """A comparison of the machine's clock with elapsed time, from one check to the next."""

    def __init__(self, database: Database, clock: DeskClock, last: _Look, slack_seconds: float) -> None:
        self._database = database
        self._clock = clock
        self._last = last
        self._elapsed = clock.elapsed()
        self._slack_seconds = slack_seconds

    @classmethod
    async def open(cls, database: Database, clock: DeskClock, days: int) -> Self:
        """Read the time for the first comparison; call this before the process stores anything by its clock."""
        last = await database.read(_last_look) or _Look(clock.wall())
        return cls(database, clock, last, days * _DAY_SECONDS)

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
            self._last = _Look(now)
        else:
            self._last = _Look(trusted_at + passed, left)
            _LOG.warning(
                "the clock is %.1f days ahead of what was expected, so nothing is deleted for its age; set it right, "
                "or if it is right, the desk believes it in %.0f hours",
                ahead / _DAY_SECONDS,
                left / _HOUR_SECONDS,
            )
        last = self._last
        await self._database.write(lambda db: _store(db, last))
        return now if trusts else None


def _last_look(db: sqlite3.Connection) -> _Look | None:
    row = db.execute("SELECT trusted_at, doubt_seconds FROM retention_clock").fetchone()
    if row:
        return _Look(*row)
    found = [db.execute(query).fetchone() for query in _NEWEST]
    return max((_Look(row[0]) for row in found if row and row[0] is not None), default=None)


# The server's own audit entries do not count: a restore today brings back old data.
_NEWEST = (
    "SELECT max(updated_at) FROM threads",
    "SELECT created_at FROM runs ORDER BY rowid DESC LIMIT 1",
    "SELECT created_at FROM messages ORDER BY rowid DESC LIMIT 1",
    "SELECT at FROM audit WHERE actor <> '(desk)' ORDER BY place DESC LIMIT 1",
)


def _store(db: sqlite3.Connection, look: _Look) -> None:
    db.execute("INSERT OR REPLACE INTO retention_clock VALUES (1, ?, ?)", look)
