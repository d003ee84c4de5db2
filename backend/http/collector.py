"""Garbage is collected, and memory given back, while nobody waits for a word."""

import ctypes
import gc
from collections.abc import Callable

# A collection takes some milliseconds, so not after each question; `spare_the_collector` has made it rare otherwise.
_PAUSE_SECONDS = 5
# Where it is never quiet, a gap between words is better than memory that only grows.
_LONGEST_SECONDS = 120
_WORTH_COLLECTING = 5_000
# It takes up to twenty milliseconds.
_GIVE_BACK_SECONDS = 60


class QuietCollector:
    """Collects what is left of requests that are over, so that the memory they took is there for others."""

    def __init__(self, busy: Callable[[], bool]) -> None:
        self._busy = busy
        self._last = 0.0
        self._given_back = 0.0

    def tick(self, now: float) -> None:
        """Collect, if it is quiet, and enough has been made since the last time; give memory back once a minute."""
        waited = now - self._last
        if waited < _PAUSE_SECONDS or (self._busy() and waited < _LONGEST_SECONDS):
            return
        youngest, *older = gc.get_count()
        if youngest >= _WORTH_COLLECTING or any(older):
            gc.collect()
        self._last = now
        if now - self._given_back >= _GIVE_BACK_SECONDS and not self._busy():
            give_back_freed_memory()
            self._given_back = now


def give_back_freed_memory() -> None:
    """Return freed pages to the system. glibc keeps them: without this a desk holds the most it has ever needed."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)
