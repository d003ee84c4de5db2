"""The web interface: its pages and their WebSocket, in the same process and on the same port as the API.

The pages are a client of the API like any other, over HTTP; only the port is shared.
"""

import subprocess
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.errors import WebDeskUnbuilt
from backend.http.content_policy import guarding_headers
from backend.http.request_guards import UPLOAD, refuse_origin
from backend.settings import LOOPBACK, Settings
from ui.runtime import identity
from ui.runtime.limits import most_frame_bytes

_ROOT = Path(__file__).resolve().parents[2]
# Each open page has one; refused browsers reconnect.
_MOST_SOCKETS = 2_000
_EVENTS = "/_event"


def build_pages() -> None:
    """Build the pages if they are missing or outdated, in a subprocess, which frees its memory when it ends."""
    building = subprocess.Popen([sys.executable, "-m", "ui.build"], cwd=_ROOT)
    try:
        status = building.wait()
    except KeyboardInterrupt:
        # The subprocess has received the interrupt too, and cleans up first.
        building.wait()
        raise
    if status:
        raise WebDeskUnbuilt("the web desk could not be built; see above, or serve the API alone: make api")


def mount_pages(app: FastAPI, settings: Settings) -> Starlette:
    """Serve pages at all paths without an API endpoint; run the returned app (`run_lifespan`) meanwhile."""
    # Reflex takes seconds to import, and an API alone does not need it.
    from ui.runtime.serve import load_pages

    served = load_pages(settings.remote_desk_url or settings.url, settings.max_message_chars)
    headers = guarding_headers(page.read_text() for page in served.directory.glob("*.html"))
    app.mount("/", _Guarded(served.guarded, served.beginnings, headers, settings.max_address_pages))
    return served.app


def message_limits(settings: Settings) -> dict[str, int]:
    """Return the maximum size in bytes of a message on the pages' WebSocket, by path."""
    return {_EVENTS: most_frame_bytes(settings.max_message_chars)}


@asynccontextmanager
async def run_lifespan(pages: Starlette) -> AsyncGenerator[None]:
    """Run the lifespan of the pages' app, which their WebSocket needs."""
    async with pages.router.lifespan_context(pages):
        yield


class _Guarded:
    """The pages with security headers against foreign scripts, frames and cross-site requests.

    Paths that begin with an underscore (`/_event`) are for the pages alone, even with API keys, because the key that a
    visitor has entered acts behind them.
    """

    def __init__(
        self, pages: ASGIApp, beginnings: Collection[str], headers: Mapping[str, str], most_of_one: int
    ) -> None:
        self._pages = pages
        self._beginnings = beginnings
        self._most_of_one = most_of_one
        self._sockets: Counter[str] = Counter()
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        beginning = scope["path"].strip("/").split("/")[0]
        talks = beginning.startswith("_")
        if (talks or scope["type"] == "websocket") and not (talks and _is_own_page(scope)):
            await refuse_origin(scope, send)
            return
        if scope["type"] == "http" and not (
            self._has_path(beginning, scope) or (not talks and _is_missing_page(scope))
        ):
            # A path that is not a page is an API endpoint that does not exist, or not for this method.
            raise HTTPException(405 if (beginning in self._beginnings and not talks) or _is_endpoint(scope) else 404)

        cookie = identity.cookie_of(scope["headers"])
        given = cookie or identity.new_cookie()

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            if not cookie and _opens_a_page(message):
                secure = scope.get("scheme") in ("https", "wss")
                message = {**message, "headers": [*message.get("headers", ()), *_cookie_headers(given, secure=secure)]}
            await send(message)

        known = {**scope, "headers": identity.with_page(scope["headers"], given)}
        if scope["type"] == "websocket":
            await self._serve_socket(known, receive, send_guarded)
        else:
            await self._pages(known, receive, send_guarded)

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = (scope.get("client") or ("",))[0]
        # A local proxy may hide the client's address.
        too_many = address not in LOOPBACK and self._sockets[address] >= self._most_of_one
        if too_many or self._sockets.total() >= _MOST_SOCKETS:
            await send({"type": "websocket.close", "code": 1013})
            return
        self._sockets[address] += 1
        try:
            await self._pages(scope, receive, send)
        finally:
            self._sockets -= Counter((address,))

    def _has_path(self, beginning: str, scope: Scope) -> bool:
        if beginning == UPLOAD.strip("/"):
            # Reflex would also serve stored uploads from this path, of which there are none.
            return (scope["path"], scope["method"]) == (UPLOAD, "POST")
        return beginning in self._beginnings and (beginning.startswith("_") or scope["method"] in ("GET", "HEAD"))


def _opens_a_page(message: Message) -> bool:
    """Tell whether a message starts an HTML page or accepts a page's WebSocket, and so may set the cookie."""
    if message["type"] == "http.response.start":
        return Headers(raw=message.get("headers", [])).get("content-type", "").startswith("text/html")
    return bool(message["type"] == "websocket.accept")


def _cookie_headers(cookie: str, *, secure: bool) -> Iterator[tuple[bytes, bytes]]:
    """Yield the headers that set a browser's cookie, and keep shared caches from storing it."""
    yield b"set-cookie", identity.set_cookie(cookie, secure=secure)
    yield b"cache-control", b"private, no-cache"


def _is_missing_page(scope: Scope) -> bool:
    """Tell whether a browser, and not a program, asks for an address that does not exist."""
    accepts = Headers(scope=scope).get("accept", "")
    return scope["method"] in ("GET", "HEAD") and "text/html" in accepts and not _is_endpoint(scope)


def _is_endpoint(scope: Scope) -> bool:
    return any(route.matches(scope)[0] is Match.PARTIAL for route in scope["app"].routes)


def _is_own_page(scope: Scope) -> bool:
    """Tell whether a request comes from a page of this server; browsers send the origin of a page's requests."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None:
        return bool(scope["type"] == "http" and scope["method"] in ("GET", "HEAD"))
    try:
        return urlsplit(origin).netloc == headers.get("host", "")
    except ValueError:
        return False
