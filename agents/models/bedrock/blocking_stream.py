"""Blocking iterators run on threads of their own and read from the event loop."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from agents.models.failures import FailureKind, ModelFailure

T = TypeVar("T")


class ResponseBody(Protocol):
    """The body of a response, as urllib3 has it: another thread may shut it down, which wakes the one that reads it."""

    def shutdown(self) -> None: ...


@dataclass
class BlockingStream:
    """The source that a thread reads from, which the waiting task can end."""

    given_up: threading.Event = field(default_factory=threading.Event)
    body: ResponseBody | None = None

    def keep_body(self, body: ResponseBody) -> None:
        """Keep the body of an answer that has begun to arrive; shut it down if the caller has left already."""
        self.body = body
        if self.given_up.is_set():
            self._shut_body()

    def give_up(self) -> None:
        """Stop reading, because nobody wants the rest."""
        self.given_up.set()
        self._shut_body()

    def _shut_body(self) -> None:
        if self.body is not None:
            try:
                self.body.shutdown()
            except (ValueError, RuntimeError, OSError):
                # The body had ended by itself.
                self.body = None


UPSTREAM: ContextVar[BlockingStream | None] = ContextVar("upstream", default=None)


@dataclass(frozen=True)
class _End(Generic[T]):
    error: BaseException | None


class StreamThreads:
    """A limited number of threads, not shared with others. They do not outlive the process, whatever they wait for."""

    def __init__(self, limit: int, name: str) -> None:
        self._limit = limit
        self._name = name
        self._lock = threading.Lock()
        self.busy = 0

    async def run_blocking(self, work: Callable[[], T]) -> T:
        """Run a blocking function on a thread and return its result."""
        results = [result async for result in self.iterate_blocking(lambda: iter([work()]))]
        return results[0]

    async def iterate_blocking(self, make: Callable[[], Iterator[T]]) -> AsyncGenerator[T]:
        """Yield the items of a blocking iterator as they come. Leaving early ends the upstream too."""
        self._take_thread()
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[T | _End[T]] = asyncio.Queue()
        upstream = BlockingStream()

        def put_item(item: T | _End[T]) -> None:
            # Nobody listens on a closed loop any more.
            if not loop.is_closed():
                loop.call_soon_threadsafe(queue.put_nowait, item)

        def read_upstream() -> None:
            UPSTREAM.set(upstream)
            error: BaseException | None = None
            try:
                for item in make():
                    if upstream.given_up.is_set():
                        break
                    put_item(item)
            except BaseException as caught:  # noqa: BLE001 - carried over to the reader
                error = caught
            self._free_thread()
            put_item(_End(error))

        threading.Thread(target=read_upstream, name=self._name, daemon=True).start()
        try:
            while not isinstance(item := await queue.get(), _End):
                yield item
            if item.error is not None:
                raise item.error
        finally:
            upstream.give_up()

    def _take_thread(self) -> None:
        with self._lock:
            if self.busy >= self._limit:
                raise ModelFailure(FailureKind.BUSY)
            self.busy += 1

    def _free_thread(self) -> None:
        with self._lock:
            self.busy -= 1
