"""ASGI middleware around all endpoints: response headers, and the check of the key before the body is read."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.api.deps import the_desk, the_user
from backend.http.replies import NO_STORE, NOSNIFF, send_refusal
from knowledge.errors import DeskError


class ReplyGuard:
    """Middleware against MIME sniffing and caching of responses, which also keeps a failed request's connection open.

    Static files of the pages are the same for everybody and have an ETag, so caches may keep them.
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
            # Starlette raises an error again after logging it and answering with a 500. The server would treat that as
            # a broken response and close the connection, although the client was told that it may reuse it.
            if not whole:
                raise


class KeyFirst:
    """Middleware that answers 401 to a request without a valid key before a byte of its body is read.

    FastAPI reads the body before any dependency. Requests without a body are left to the endpoints' own dependencies,
    and so are the pages' internal paths, which begin with an underscore: there a visitor's key comes later.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith("/_") and _has_body(Headers(scope=scope)):
            connection = HTTPConnection(scope)
            try:
                await the_user(connection, await the_desk(connection))
            except DeskError as error:
                await send_refusal(send, error)
                return
        await self._app(scope, receive, send)


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
