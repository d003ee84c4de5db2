"""The web desk in front of the API: its pages and their socket, in the same process and on the same port.

The pages speak to the API as any client does, over HTTP; all that is shared is the port.
"""

import base64
import hashlib
import re
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Iterator
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
from backend.http.request_guards import UPLOAD, refuse_origin
from backend.settings import LOOPBACK, Settings
from ui.runtime import identity
from ui.runtime.limits import most_frame_bytes

_ROOT = Path(__file__).resolve().parents[2]
# Each open page has one; browsers that are refused try again.
_MOST_SOCKETS = 2_000
_EVENTS = "/_event"
_SCRIPT = re.compile(r"<script(?P<attributes>[^<>]*)>(?P<code>[^<]*+(?:<(?!/?script)[^<]*+)*+)</script>")
_SRC = re.compile(r"\bsrc=")


def build() -> None:
    """Make the pages where they are not there yet, or are of other sources. In a process of its own, for its memory."""
    building = subprocess.Popen([sys.executable, "-m", "ui.build"], cwd=_ROOT)
    try:
        status = building.wait()
    except KeyboardInterrupt:
        # It has heard that too, and first tidies up.
        building.wait()
        raise
    if status:
        raise WebDeskUnbuilt("the web desk could not be built; see above, or serve the API alone: make api")


def mount(app: FastAPI, settings: Settings) -> Starlette:
    """Answer with pages what the API has no door for. What is returned wants to be run as long as it is served."""
    # Reflex takes seconds to import, and an API alone does not need it.
    from ui.runtime.serve import pages

    served = pages(settings.elsewhere or settings.url, settings.max_message_chars)
    policy = _policy(served.directory)
    app.mount("/", _Guarded(served.guarded, served.beginnings, policy, settings.max_address_pages))
    return served.app


def message_limits(settings: Settings) -> dict[str, int]:
    """The most bytes of a message that comes over a socket of the pages."""
    return {_EVENTS: most_frame_bytes(settings.max_message_chars)}


@asynccontextmanager
async def running(pages: Starlette) -> AsyncGenerator[None]:
    """What the pages' socket needs to work."""
    async with pages.router.lifespan_context(pages):
        yield


class _Guarded:
    """Pages with the headers that keep scripts, frames and requests of others out of them.

    What begins with an underscore is what the pages talk to (`/_event`), and nobody else: with keys, too, because a key
    that a visitor has typed in acts behind it.
    """

    def __init__(self, pages: ASGIApp, beginnings: Collection[str], policy: str, most_of_one: int) -> None:
        self._pages = pages
        self._beginnings = beginnings
        self._most_of_one = most_of_one
        self._sockets: Counter[str] = Counter()
        self._headers = {
            "content-security-policy": policy,
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        beginning = scope["path"].strip("/").split("/")[0]
        talks = beginning.startswith("_")
        if (talks or scope["type"] == "websocket") and not (talks and _is_own_page(scope)):
            await refuse_origin(scope, send)
            return
        if scope["type"] == "http" and not (self._has(beginning, scope) or (not talks and _is_lost(scope))):
            # What is no page is a door of the API that is not there, or not for this method.
            raise HTTPException(405 if (beginning in self._beginnings and not talks) or _is_door(scope) else 404)

        cookie = identity.cookie_of(scope["headers"])
        given = cookie or identity.made()

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            if not cookie and _opens_a_page(message):
                secure = scope.get("scheme") in ("https", "wss")
                message = {**message, "headers": [*message.get("headers", ()), *_giving(given, secure=secure)]}
            await send(message)

        known = {**scope, "headers": identity.with_page(scope["headers"], given)}
        if scope["type"] == "websocket":
            await self._hold(known, receive, send_guarded)
        else:
            await self._pages(known, receive, send_guarded)

    async def _hold(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = (scope.get("client") or ("",))[0]
        # A proxy on this machine may not say for whom it asks.
        too_many = address not in LOOPBACK and self._sockets[address] >= self._most_of_one
        if too_many or self._sockets.total() >= _MOST_SOCKETS:
            await send({"type": "websocket.close", "code": 1013})
            return
        self._sockets[address] += 1
        try:
            await self._pages(scope, receive, send)
        finally:
            self._sockets -= Counter((address,))

    def _has(self, beginning: str, scope: Scope) -> bool:
        if beginning == UPLOAD.strip("/"):
            # Reflex would also show what is kept there, which is nothing.
            return (scope["path"], scope["method"]) == (UPLOAD, "POST")
        return beginning in self._beginnings and (beginning.startswith("_") or scope["method"] in ("GET", "HEAD"))


def _opens_a_page(message: Message) -> bool:
    """Whether a browser is answered with a page, or that of a page that had none before is let in."""
    if message["type"] == "http.response.start":
        return Headers(raw=message.get("headers", [])).get("content-type", "").startswith("text/html")
    return bool(message["type"] == "websocket.accept")


def _giving(cookie: str, *, secure: bool) -> Iterator[tuple[bytes, bytes]]:
    """The headers that give a browser its cookie, and it alone."""
    yield b"set-cookie", identity.set_cookie(cookie, secure=secure)
    yield b"cache-control", b"private, no-cache"


def _is_lost(scope: Scope) -> bool:
    """Whether a person has come to an address of nothing, and not a program."""
    accepts = Headers(scope=scope).get("accept", "")
    return scope["method"] in ("GET", "HEAD") and "text/html" in accepts and not _is_door(scope)


def _is_door(scope: Scope) -> bool:
    return any(route.matches(scope)[0] is Match.PARTIAL for route in scope["app"].routes)


def _is_own_page(scope: Scope) -> bool:
    """Whether a page of this desk asks. Browsers name the origin of whatever a page sends, and of every socket."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None:
        return bool(scope["type"] == "http" and scope["method"] in ("GET", "HEAD"))
    try:
        return urlsplit(origin).netloc == headers.get("host", "")
    except ValueError:
        return False


def _policy(directory: Path) -> str:
    """What the pages may load and run: what is served with them, and the scripts that stand in them."""
    found = [script for page in directory.glob("*.html") for script in _SCRIPT.finditer(page.read_text())]
    scripts = {script["code"] for script in found if not _SRC.search(script["attributes"])}
    hashes = sorted(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts if s)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {' '.join(hashes)}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )
