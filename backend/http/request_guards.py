"""Middleware that refuses requests before any endpoint: bodies that are too large, and pages of other sites.

Without API keys the server trusts every client that reaches its port, so it listens on the loopback address alone, and
a web page of another origin must not be able to reach it through a visitor's browser, unless CORS_ORIGINS names it.
It does not protect against other users of the same machine. With keys no page can do anything without one.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.errors import BindFailed, BindRefused
from backend.http.errors import BodyTooLarge, OriginRefused
from backend.http.replies import send_refusal
from backend.settings import LOOPBACK, Settings

_DOCUMENTS = ("/api/documents", "/api/documents/archives")
# The path for files that a visitor drops on a page, which hands them to the API one by one.
UPLOAD = "/_upload"
# The most files that a page uploads at once (ui/documents/upload_stream.py).
_FILES_AT_ONCE = 20
# Multipart boundaries and field names around an uploaded file.
_ENVELOPE_BYTES = 64_000


class _Excess(ClientDisconnect):
    """The end of reading an oversized body, as if the client had disconnected, so that nothing waits for the rest."""


def check_address(settings: Settings) -> None:
    """Refuse to serve the network without authentication."""
    if settings.host not in LOOPBACK and not settings.api_keys.get_secret_value():
        raise BindRefused(
            f"HOST={settings.host} would open the desk to the network without authentication; "
            "use 127.0.0.1, or set API_KEYS"
        )


async def check_port(settings: Settings) -> None:
    """Refuse an address that cannot be listened on, which the server would notice only after loading everything."""
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(asyncio.Protocol, settings.host, settings.port, start_serving=False)
    except OSError as error:
        raise BindFailed(_bind_failure(settings, error)) from error
    server.close()


def _bind_failure(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"PORT={settings.port} is in use on {settings.host}; "
            "stop the program that listens there, or set PORT to another port"
        )
    if error.errno == errno.EACCES:
        return f"PORT={settings.port} is not for this user to listen on; set PORT to 1024 or above"
    # asyncio wraps the message of the system, except where a host name cannot be resolved.
    reason = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
    return f"HOST={settings.host} cannot be listened on ({reason}); set HOST to an address of this machine"


class OriginGuard:
    """Middleware that answers 403 to requests from pages of other sites, and to host names that are not local."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or _is_own(Headers(scope=scope), self._origins):
            await self._app(scope, receive, send)
        else:
            await refuse_origin(scope, send)


class BodyLimit:
    """Middleware that answers 413 as soon as a body is known to be too large, declared or chunked.

    Large bodies are accepted at the exact paths of file uploads alone.
    """

    def __init__(self, app: ASGIApp, body_bytes: int, document_bytes: int) -> None:
        self._app = app
        self._body_bytes = body_bytes
        file = document_bytes + _ENVELOPE_BYTES
        self._larger = {**dict.fromkeys(_DOCUMENTS, file), UPLOAD: _FILES_AT_ONCE * file}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._larger.get(scope["path"], self._body_bytes) if scope["method"] == "POST" else self._body_bytes
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            await send_refusal(send, BodyTooLarge(limit))
        elif declared or "transfer-encoding" not in headers:
            # The server never passes on more than the declared length.
            await self._app(scope, receive, send)
        else:
            await _Metered(receive, send, limit).run_app(self._app, scope)


class _Metered:
    """A request whose body is counted as it is read."""

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive = receive
        self._send = send
        self._limit = limit
        self._read = 0
        self._refused = False

    async def run_app(self, app: ASGIApp, scope: Scope) -> None:
        try:
            await app(scope, self._receive_counted, self._send_unless_refused)
        except _Excess:
            await self._send_too_large()

    async def _receive_counted(self) -> Message:
        message = await self._receive()
        self._read += len(message.get("body", b""))
        if self._read > self._limit:
            raise _Excess
        return message

    async def _send_unless_refused(self, message: Message) -> None:
        # The framework would answer an interrupted body with a 400; the true reason is known here.
        if self._read > self._limit:
            await self._send_too_large()
        else:
            await self._send(message)

    async def _send_too_large(self) -> None:
        if not self._refused:
            self._refused = True
            await send_refusal(self._send, BodyTooLarge(self._limit))


def _is_own(headers: Headers, origins: Collection[str]) -> bool:
    """Tell whether a request names a local host, and does not come from a page of an unknown site."""
    host, origin = headers.get("host", ""), headers.get("origin")
    try:
        # `[::1]:8000` -> `::1`, `localhost:8000` -> `localhost`
        own = urlsplit(f"//{host}").hostname in LOOPBACK
        return own and (origin is None or origin in origins or urlsplit(origin).netloc == host)
    except ValueError:
        return False


async def refuse_origin(scope: Scope, send: Send) -> None:
    """Refuse a request or WebSocket from a page of another site."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": "origin refused"})
    else:
        await send_refusal(send, OriginRefused())
