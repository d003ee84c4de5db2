"""Blocking iterators on threads of their own, read from the event loop."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Event
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class Body(Protocol):
    """The body of a response, as urllib3 has it: another thread may shut it down, which wakes whoever reads it."""

    def shutdown(self) -> None: ...


@dataclass
class Upstream:
    """What a thread reads from, so that whoever waits for it can end it."""

    given_up: Event = field(default_factory=Event)
    body: Body | None = None

    def hold(self, body: Body) -> None:
        """The answer has begun to arrive."""
        self.body = body
        if self.given_up.is_set():
            self._shut()

    def give_up(self) -> None:
        """Nobody wants the rest."""
        self.given_up.set()
        self._shut()

    def _shut(self) -> None:
        if self.body is not None:
            try:
                self.body.shutdown()
            except (ValueError, RuntimeError, OSError):
                # It had come to its end by itself.
                self.body = None


UPSTREAM: ContextVar[Upstream | None] = ContextVar("upstream", default=None)


@dataclass(frozen=True)
class _End(Generic[T]):
    error: BaseException | None


async def iterate(pool: ThreadPoolExecutor, make: Callable[[], Iterator[T]]) -> AsyncGenerator[T]:
    """The items as they come. Leaving early ends the upstream too."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[T | _End[T]] = asyncio.Queue()
    upstream = Upstream()

    def tell(item: T | _End[T]) -> None:
        # A loop that is closed has nobody left who listens.
        if not loop.is_closed():
            loop.call_soon_threadsafe(queue.put_nowait, item)

    def pump() -> None:
        UPSTREAM.set(upstream)
        error: BaseException | None = None
        try:
            for item in make():
                if upstream.given_up.is_set():
                    break
                tell(item)
        except BaseException as caught:  # noqa: BLE001 - carried over to whoever reads
            error = caught
        finally:
            UPSTREAM.set(None)
        tell(_End(error))

    job = pool.submit(pump)
    try:
        while not isinstance(item := await queue.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        job.cancel()
        upstream.give_up()
