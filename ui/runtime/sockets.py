"""The guard of the page sockets, between the server and Reflex."""

import asyncio
import logging
from typing import Any, cast

from reflex_base.registry import RegistrationContext
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.runtime.frames import FrameFilter

_LOG = logging.getLogger(__name__)
_KEY = "frontdesk.page"
# The few headers that Reflex reads; it holds two copies of them while the socket is open.
_READ = frozenset((b"host", b"origin", b"cookie", b"connection", b"upgrade", b"sec-websocket-protocol"))
_MOST_REQUEST_BYTES = 16_384
_NOT_OURS = 1008


class PageSocket:
    """A socket that passes on only valid frames and signals when one was sent to the page."""

    def __init__(self, frames: FrameFilter, receive: Receive, send: Send) -> None:
        self._frames = frames
        self._receive = receive
        self._send = send
        # Set with every frame that was sent, and permanently when the socket has closed.
        self._sent = asyncio.Event()
        self._is_over = False

    @classmethod
    def of(cls, environ: dict[str, Any]) -> "PageSocket":
        """Return the page socket of a Socket.IO environment."""
        return cast(PageSocket, environ["asgi.scope"][_KEY])

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        """Run the application on this socket until it closes."""
        try:
            await app({**scope, _KEY: self}, self._receive_valid, self._send_message)
        finally:
            self._mark_over()

    async def wait_for_send(self) -> bool:
        """Wait until another frame has been sent; return False if the socket has closed."""
        self._sent.clear()
        if not self._is_over:
            await self._sent.wait()
        return not self._is_over

    async def _receive_valid(self) -> Message:
        while True:
            message = await self._receive()
            if message["type"] != "websocket.receive":
                if message["type"] == "websocket.disconnect":
                    self._mark_over()
                return message
            text = message.get("text")
            verdict = "close" if text is None else self._frames.verdict(text)
            if verdict == "pass":
                return message
            if verdict == "close":
                _LOG.warning("a socket of the pages was closed: it sent what no page sends")
                await self._close_socket()
                return {"type": "websocket.disconnect", "code": _NOT_OURS}
            _LOG.warning("an event of a page was left out: this desk has no such event, or not with such values")

    async def _close_socket(self) -> None:
        self._mark_over()
        await self._send({"type": "websocket.close", "code": _NOT_OURS, "reason": "not what a page sends"})

    async def _send_message(self, message: Message) -> None:
        if self._is_over:
            return
        try:
            await self._send(message)
        except BaseException:
            self._mark_over()
            raise
        self._sent.set()

    def _mark_over(self) -> None:
        self._is_over = True
        self._sent.set()


class GuardedSockets:
    """ASGI middleware that validates the sockets of the pages frame by frame."""

    def __init__(self, app: ASGIApp, known: RegistrationContext, most_frame_bytes: int) -> None:
        self._app = app
        self._known = known
        self._most_frame_bytes = most_frame_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        size = sum(len(name) + len(value) for name, value in scope["headers"]) + len(scope["query_string"])
        if size > _MOST_REQUEST_BYTES or "token" not in _parameter_names(scope["query_string"]):
            await send({"type": "websocket.close", "code": _NOT_OURS})
            return
        headers = [(name, value) for name, value in scope["headers"] if name in _READ]
        socket = PageSocket(FrameFilter(self._known, self._most_frame_bytes), receive, send)
        await socket.run(self._app, {**scope, "headers": headers})


def _parameter_names(query: bytes) -> set[str]:
    return {pair.partition("=")[0] for pair in query.decode("latin-1").split("&") if pair.partition("=")[2]}
