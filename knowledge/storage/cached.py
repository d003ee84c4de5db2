"""A cache of values read from the store, refreshed after a change: at once if that is quick, else in the background."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

# A question does not wait for a slower read, but uses the stale value.
_QUICK_SECONDS = 0.03
# The share of time that slow reads may take, however often the value changes.
_SHARE_OF_TIME = 0.1

_log = logging.getLogger(__name__)


class Cached(Generic[T]):
    """A cached value, which `forget` marks as stale and `get` returns."""

    def __init__(self, read: Callable[[], Awaitable[T]], *, may_be_old: bool = False) -> None:
        self._read = read
        self._may_be_old = may_be_old
        self._held: tuple[T] | None = None
        self._is_stale = False
        self._seconds = 0.0
        self._read_at = 0.0
        self._reading: asyncio.Task[None] | None = None

    def forget(self) -> None:
        """Mark the cached value as stale."""
        self._is_stale = True

    async def get(self) -> T:
        """Return the value; one that may be old and takes long to read may be the previous one."""
        while (held := self._held) is None or self._is_stale:
            must_wait = held is None or not self._may_be_old or self._seconds < _QUICK_SECONDS
            # A finished task is no help: awaiting it would not yield to the event loop, and so never end.
            is_read = self._reading is None or self._reading.done()
            if is_read and (must_wait or self._may_read_again()):
                self._reading = asyncio.create_task(self._refresh())
                self._reading.add_done_callback(self._is_read)
            if held is not None and not must_wait:
                break
            if self._reading is not None:
                await asyncio.shield(self._reading)
        return held[0]

    async def close(self) -> None:
        """Cancel the read under way."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])

    def _may_read_again(self) -> bool:
        return time.monotonic() >= self._read_at + self._seconds / _SHARE_OF_TIME

    async def _refresh(self) -> None:
        self._is_stale = False
        began = time.monotonic()
        try:
            self._held = (await self._read(),)
        except BaseException:
            self._is_stale = True
            raise
        finally:
            self._read_at = time.monotonic()
            self._seconds = self._read_at - began

    def _is_read(self, reading: asyncio.Task[None]) -> None:
        if self._reading is reading:
            self._reading = None
        if not reading.cancelled() and (error := reading.exception()):
            _log.warning("what documents hold could not be read again: %s", error)
