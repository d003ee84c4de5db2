"""What is refused before any door sees it: bodies that are too large, and other sites' pages.

Without keys the desk trusts whoever reaches its port, so it listens on the loopback address alone, and a web page of
another origin must not be able to use a visitor's browser to reach it. It does not protect against other users of the
same machine.
"""

from urllib.parse import urlsplit

import orjson
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.errors import BindRefused
from backend.settings import LOOPBACK, Settings

_UPLOADS = "/api/documents"
# Multipart boundaries and field names around an uploaded file.
_ENVELOPE_BYTES = 64_000


class _BodyTooLarge(Exception):
    """Carries no data; the middleware that raises it also answers it."""


def check_address(settings: Settings) -> None:
    """Refuse to serve strangers without authentication."""
    if settings.host not in LOOPBACK:
        raise BindRefused(
            f"HOST={settings.host} would open the desk to the network without authentication; use 127.0.0.1, "
            "and put a proxy that authenticates in front of it"
        )


class OriginGuard:
    """Answers 403 to requests that a page of another site sends, and to host names that are not this machine's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        origin = headers.get("origin")
        if _name(host) not in LOOPBACK or (origin is not None and urlsplit(origin).netloc != host):
            await _refuse(send, 403, "origin_refused", "This desk answers only requests from its own address.")
            return
        await self._app(scope, receive, send)


class BodyLimit:
    """Answers 413 as soon as a body is known to be too large, however it is sent."""

    def __init__(self, app: ASGIApp, body_bytes: int, document_bytes: int) -> None:
        self._app = app
        self._body_bytes = body_bytes
        self._document_bytes = document_bytes + _ENVELOPE_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._document_bytes if scope["path"].startswith(_UPLOADS) else self._body_bytes
        read = 0
        answered = False

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise _BodyTooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        declared = Headers(scope=scope).get("content-length", "")
        try:
            if declared.isdecimal() and int(declared) > limit:
                raise _BodyTooLarge
            await self._app(scope, limited, watched)
        except _BodyTooLarge:
            if not answered:
                await _refuse(send, 413, "body_too_large", f"The body is larger than {limit:,} bytes.")


def _name(host: str) -> str:
    """`[::1]:8000` -> `::1`, `localhost:8000` -> `localhost`."""
    return urlsplit(f"//{host}").hostname or ""


async def _refuse(send: Send, status: int, code: str, message: str) -> None:
    body = orjson.dumps({"error": {"code": code, "message": message, "retryable": False}})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
