"""Whether the machine's clock may be believed when it says that something is old enough to be deleted.

A clock that jumps ahead makes everything look old. It is doubted where it has moved more than an hour further than the
time that passed since the last look, or at a start, further than the retention period beyond the last look or, before
the first one, beyond the newest thing stored. Nothing is deleted then, until the clock is right again, or until the
desk has run for a day, in which an operator can see the warning. Doubts outlast a restart.
"""

import logging
import sqlite3
from typing import NamedTuple, Self

from backend.limits.clock import DeskClock
from knowledge.storage.sqlite import Database

_LOG = logging.getLogger(__name__)

_HOUR_SECONDS = 3_600
_DAY_SECONDS = 86_400


class _Look(NamedTuple):
    trusted_at: float
    # How long the desk has yet to run before a clock that is doubted is believed.
    doubt_seconds: float | None = None


class ClockGuard:
    """Compares the machine's clock with the time that passes, from one look to the next."""

    def __init__(self, database: Database, clock: DeskClock, last: _Look, slack_seconds: float) -> None:
        self._database = database
        self._clock = clock
        self._last = last
        self._elapsed = clock.elapsed()
        self._slack_seconds = slack_seconds

    @classmethod
    async def open(cls, database: Database, clock: DeskClock, days: int) -> Self:
        """Read what the clock is compared with first; before this process has stored anything by that clock."""
        last = await database.read(_last_look) or _Look(clock.wall())
        return cls(database, clock, last, days * _DAY_SECONDS)

    async def now(self) -> float | None:
        """The time by the machine's clock, or None where it is doubted. What was seen is stored."""
        now, elapsed = self._clock.wall(), self._clock.elapsed()
        passed, self._elapsed = elapsed - self._elapsed, elapsed
        trusted_at, left = self._last
        ahead = now - trusted_at - passed
        doubted = ahead > self._slack_seconds
        left = _DAY_SECONDS if left is None else left - passed
        # While the desk is off its clock goes on, and nobody knows by how much it should.
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


# What the desk itself has recorded says nothing: a restore of today brings back old data.
_NEWEST = (
    "SELECT max(updated_at) FROM threads",
    "SELECT created_at FROM runs ORDER BY rowid DESC LIMIT 1",
    "SELECT created_at FROM messages ORDER BY rowid DESC LIMIT 1",
    "SELECT at FROM audit WHERE actor <> '(desk)' ORDER BY place DESC LIMIT 1",
)


def _store(db: sqlite3.Connection, look: _Look) -> None:
    db.execute("INSERT OR REPLACE INTO retention_clock VALUES (1, ?, ?)", look)
