"""Garbage collection, and the return of freed memory, in moments when no client waits for output."""

import ctypes
import gc
from collections.abc import Callable

# A collection takes some milliseconds, so not after each question; `spare_the_collector` makes automatic ones rare.
_PAUSE_SECONDS = 5
# If it is never quiet, a pause in the output is better than memory that only grows.
_LONGEST_SECONDS = 120
_WORTH_COLLECTING = 5_000
# Returning memory takes up to twenty milliseconds.
_GIVE_BACK_SECONDS = 60


class QuietCollector:
    """A collector of the garbage of finished requests, which frees their memory for others in quiet moments."""

    def __init__(self, busy: Callable[[], bool]) -> None:
        self._busy = busy
        self._last = 0.0
        self._given_back = 0.0

    def collect_if_quiet(self, now: float) -> None:
        """Collect if it is quiet and enough garbage has accumulated; return memory to the system once a minute."""
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
    """Return freed pages to the system, which glibc would keep: the process would stay at its peak memory."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)
