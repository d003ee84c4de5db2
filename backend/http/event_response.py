"""Event streams to clients, with limits on their number, their buffers, and clients that do not read."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from backend.errors import KeyRefused, TooManyStreams

_LOG = logging.getLogger(__name__)

# Proxies must not cache, compress or buffer a stream that should arrive word by word.
_HEADERS = {"cache-control": "no-store, no-transform", "x-accel-buffering": "no"}
# The server keeps writing while less than this is buffered, so no client makes it hold twice as much.
_MOST_BYTES = 16_384
_FULL_SECONDS = 5
_FAREWELL_SECONDS = 2


class OpenStreams:
    """The registry of open streams."""

    def __init__(self, most: int, slow_seconds: float) -> None:
        self._most = most
        self.slow_seconds = slow_seconds
        self.open = 0
        self.dropped = 0
        self._telling: set[asyncio.Task[None]] = set()

    def check(self) -> None:
        """Refuse a further stream if the limit is reached, before its run exists."""
        if self.open >= self._most:
            raise TooManyStreams(f"{self.open} streams are open already; ask again in a moment.", _FULL_SECONDS)

    @contextmanager
    def hold_slot(self) -> Iterator[None]:
        """Count a stream as open until it ends, in whatever way."""
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1

    def start_write(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a concurrent write to a client that also receives a stream."""
        telling = asyncio.create_task(work)
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)
        return telling

    async def finish_writes(self) -> None:
        """Wait briefly for the writes started by `start_write`; the server itself waits for responses."""
        if self._telling:
            await asyncio.wait(self._telling, timeout=_FAREWELL_SECONDS)


class EventStream(Response):
    """A streaming response that ends at once when the client disconnects, and soon when it does not read."""

    media_type = "text/event-stream"

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        streams: OpenStreams,
        when_left: Callable[[], None] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(None, headers={**_HEADERS, **(headers or {})})
        del self.headers["content-length"]
        self._chunks = chunks
        self._streams = streams
        self._when_left = when_left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write until the end of the stream, or until the client disconnects or does not read."""
        with self._streams.hold_slot():
            writing = asyncio.ensure_future(self._write_response(scope, send))
            leaving = asyncio.ensure_future(wait_for_disconnect(receive))
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

    async def _write_response(self, scope: Scope, send: Send) -> bool:
        """Write the response; return True if all of it was written."""
        check_key = scope.get("state", {}).get("check_key", _accept_always)
        try:
            await self._send_message(send, {"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async for chunk in self._chunks:
                check_key()
                for begin in range(0, len(chunk), _MOST_BYTES):
                    body = chunk[begin : begin + _MOST_BYTES]
                    await self._send_message(send, {"type": "http.response.body", "body": body, "more_body": True})
            await self._send_message(send, {"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            self._streams.dropped += 1
            _LOG.info("a stream was dropped: its client has not read for %g s", self._streams.slow_seconds)
            abort_connection(scope)
            return False
        except KeyRefused as refused:
            # The client reconnects for the rest, and is then told that its key is refused.
            _LOG.info("a stream has ended: %s", refused)
            await self._send_message(send, {"type": "http.response.body", "body": b"", "more_body": False})
            return False
        return True

    async def _send_message(self, send: Send, message: Message) -> None:
        async with asyncio.timeout(self._streams.slow_seconds):
            await send(message)


def _accept_always() -> None:
    """Accept always: a request that needs no key cannot lose one."""


async def wait_for_disconnect(receive: Receive) -> None:
    """Wait until the client has disconnected."""
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass


def abort_connection(scope: Scope) -> None:
    """Close a connection without waiting for the client to read the rest; see `backend.http.protocols`."""
    if close := scope.get("state", {}).get("abort"):
        close()
