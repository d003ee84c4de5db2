"""The server's monotonic clock: setting the machine's clock back changes no limit, order or duration."""

import time
from collections.abc import Callable


class DeskClock:
    """A clock whose time of day never goes back while the process runs, and a measure of elapsed seconds."""

    def __init__(self, wall: Callable[[], float] = time.time, elapsed: Callable[[], float] = time.monotonic) -> None:
        self.elapsed = elapsed
        self._wall = wall
        self._last, self._at = wall(), elapsed()

    def wall(self) -> float:
        """Return the seconds since 1970 by the machine's clock, wherever it is set."""
        return self._wall()

    def now(self) -> float:
        """Return the seconds since 1970 by the machine's clock, or if that was set back, by the elapsed time.

        Time then continues at its usual pace, so a day whose budget is spent neither comes again nor lasts longer.
        """
        at = self.elapsed()
        self._last, self._at = max(self._wall(), self._last + at - self._at), at
        return self._last
