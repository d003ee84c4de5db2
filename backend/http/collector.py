"""Garbage is collected while nobody waits for a word: `spare_the_collector` has made it rare otherwise."""

import gc
from collections.abc import Callable

# A collection takes some milliseconds, so not after each question.
_PAUSE_SECONDS = 5
# Where it is never quiet, a gap between words is better than memory that only grows.
_LONGEST_SECONDS = 120
_WORTH_COLLECTING = 5_000


class QuietCollector:
    """Collects what is left of requests that are over, so that the memory they took is there for the next."""

    def __init__(self, busy: Callable[[], bool]) -> None:
        self._busy = busy
        self._last = 0.0

    def tick(self, now: float) -> None:
        """Collect, if it is quiet, and enough has been made since the last time."""
        waited = now - self._last
        if waited < _PAUSE_SECONDS or (self._busy() and waited < _LONGEST_SECONDS):
            return
        youngest, *older = gc.get_count()
        if youngest >= _WORTH_COLLECTING or any(older):
            gc.collect()
        self._last = now
