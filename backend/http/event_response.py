"""Event streams to clients: how many are open, what each may hold of this process, and when one is given up."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from backend.errors import KeyRefused, TooManyStreams

_LOG = logging.getLogger(__name__)

# Proxies must neither keep nor compress nor hold back what should arrive word by word.
_HEADERS = {"cache-control": "no-store, no-transform", "x-accel-buffering": "no"}
# The server writes on while less than that waits for the client, so that no client makes it hold twice as much.
_MOST_BYTES = 16_384
_FULL_SECONDS = 5
_FAREWELL_SECONDS = 2


class Streams:
    """Every stream that is open."""

    def __init__(self, most: int, slow_seconds: float) -> None:
        self._most = most
        self.slow_seconds = slow_seconds
        self.open = 0
        self.dropped = 0
        self._telling: set[asyncio.Task[None]] = set()

    def check(self) -> None:
        """Refuse one more where there are enough, before its run exists."""
        if self.open >= self._most:
            raise TooManyStreams(f"{self.open} streams are open already; ask again in a moment.", _FULL_SECONDS)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """One that is open, in whatever way it ends."""
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1

    def tell(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Write something to a client that is told other things at the same time."""
        telling = asyncio.create_task(work)
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)
        return telling

    async def finish(self) -> None:
        """Let what is being told come to its end, unless nobody reads it. Responses are waited for by the server."""
        if self._telling:
            await asyncio.wait(self._telling, timeout=_FAREWELL_SECONDS)


class EventStream(Response):
    """What comes, as it comes. Ends at once when the client leaves, and soon when it does not read."""

    media_type = "text/event-stream"

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        streams: Streams,
        when_left: Callable[[], None] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(None, headers={**_HEADERS, **(headers or {})})
        del self.headers["content-length"]
        self._chunks = chunks
        self._streams = streams
        self._when_left = when_left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write until the end, or until nobody reads."""
        with self._streams.slot():
            writing = asyncio.ensure_future(self._write(scope, send))
            leaving = asyncio.ensure_future(left(receive))
            try:
                await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                writing.cancel()
                leaving.cancel()
                outcome, _ = await asyncio.gather(writing, leaving, return_exceptions=True)
                if outcome is not True and self._when_left:
                    self._when_left()
            if isinstance(outcome, Exception):
                raise outcome

    async def _write(self, scope: Scope, send: Send) -> bool:
        """Whether all of it was written."""
        check_key = scope.get("state", {}).get("check_key", _good)
        try:
            await self._send(send, {"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async for chunk in self._chunks:
                check_key()
                for begin in range(0, len(chunk), _MOST_BYTES):
                    body = chunk[begin : begin + _MOST_BYTES]
                    await self._send(send, {"type": "http.response.body", "body": body, "more_body": True})
            await self._send(send, {"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            self._streams.dropped += 1
            _LOG.info("a stream was dropped: its client has not read for %g s", self._streams.slow_seconds)
            abort(scope)
            return False
        except KeyRefused as refused:
            # Its client comes back for the rest, and is told why there is none.
            _LOG.info("a stream has ended: %s", refused)
            await self._send(send, {"type": "http.response.body", "body": b"", "more_body": False})
            return False
        return True

    async def _send(self, send: Send, message: Message) -> None:
        async with asyncio.timeout(self._streams.slow_seconds):
            await send(message)


def _good() -> None:
    """What asks for no key cannot lose it."""


async def left(receive: Receive) -> None:
    """Until the client has left."""
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass


def abort(scope: Scope) -> None:
    """Close a connection without waiting for what the client has not read; see `backend.http.protocols`."""
    if close := scope.get("state", {}).get("abort"):
        close()
