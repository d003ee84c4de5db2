"""ASGI middleware around all doors: the headers of every reply, and the key before the body."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.api.deps import the_desk, the_user
from backend.http.replies import NO_STORE, NOSNIFF, refuse
from knowledge.errors import DeskError


class ReplyGuard:
    """Forbids browsers to guess a reply's type and caches to keep it, and keeps the connection of a failed request.

    Files of the pages are the same for everybody and have an ETag, so caches may keep them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        whole = False

        async def send_guarded(message: Message) -> None:
            nonlocal whole
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault(*NOSNIFF)
                if "etag" not in headers:
                    headers.setdefault(*NO_STORE)
            else:
                whole = not message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, receive, send_guarded)
        except Exception:
            # Starlette raises an error again after it was logged and answered with a 500. The server would take
            # it as a broken response and close the connection, which the client was told that it may use again.
            if not whole:
                raise


class KeyFirst:
    """Answers 401 to a body without a valid key before a byte of it is read.

    FastAPI reads the body before any dependency. Requests without a body are left to the doors' own dependencies, and
    so is what the pages talk to, which are paths that begin with an underscore: there a visitor's key comes later.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith("/_") and _has_body(Headers(scope=scope)):
            connection = HTTPConnection(scope)
            try:
                await the_user(connection, await the_desk(connection))
            except DeskError as error:
                await refuse(send, error)
                return
        await self._app(scope, receive, send)


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
