"""Error responses as bytes and as ASGI messages, for code that answers before any endpoint."""

from http import HTTPStatus

import orjson
from starlette.types import Send

from backend.errors import KeyRefused, NotNow, body_of
from backend.http.statuses import status_of
from knowledge.errors import DeskError

NOSNIFF = ("x-content-type-options", "nosniff")
NO_STORE = ("cache-control", "no-store")


def headers_of(error: DeskError) -> dict[str, str]:
    """Return the response headers of an error."""
    headers = {}
    if isinstance(error, NotNow):
        headers["retry-after"] = str(error.retry_after)
    if isinstance(error, KeyRefused):
        headers["www-authenticate"] = "Bearer"
    return headers


def raw_reply(error: DeskError) -> bytes:
    """Encode an error as a complete HTTP/1.1 response that closes the connection."""
    status = HTTPStatus(status_of(error))
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    body, headers = _closing_reply(error)
    lines += [f"{name}: {value}" for name, value in (*headers.items(), NOSNIFF, NO_STORE)]
    return "\r\n".join((*lines, "", "")).encode() + body


async def send_refusal(send: Send, error: DeskError) -> None:
    """Answer a request with an error and close the connection without reading the rest."""
    body, headers = _closing_reply(error)
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status_of(error), "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _closing_reply(error: DeskError) -> tuple[bytes, dict[str, str]]:
    body = orjson.dumps(body_of(error.code, error.message, retryable=error.retryable))
    headers = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close"}
    return body, headers | headers_of(error)
