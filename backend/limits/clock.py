"""The desk's clock: whoever sets the machine's back changes no limit, no order and no duration."""

import time
from collections.abc import Callable


class DeskClock:
    """The time of day, which never goes back while the desk is open, and the seconds that pass."""

    def __init__(self, wall: Callable[[], float] = time.time, elapsed: Callable[[], float] = time.monotonic) -> None:
        self.elapsed = elapsed
        self._wall = wall
        self._last, self._at = wall(), elapsed()

    def wall(self) -> float:
        """Return the seconds since 1970 by the machine's clock, whatever anybody sets it to."""
        return self._wall()

    def now(self) -> float:
        """Return the seconds since 1970: the machine's clock, or if that was set back, the time since the last look.

        Time goes on at its usual pace then. A day whose budget is spent therefore neither comes again nor lasts longer.
        """
        at = self.elapsed()
        self._last, self._at = max(self._wall(), self._last + at - self._at), at
        return self._last
