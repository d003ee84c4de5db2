"""Building of requests and reading of replies, shared by all endpoints."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from frontdesk.client.errors import ClientError, IdInvalid, Refused
from frontdesk.client.responses import HttpReply, is_unsent, unknown_fate_error, unreachable_error

T = TypeVar("T")
Json = dict[str, Any]

# No desk issues longer ones, and no URL can hold them.
_LONGEST_ID = 500
_JSON = TypeAdapter(Json)


@dataclass(frozen=True)
class HttpRequest:
    """A request, with the parts named as in `httpx`."""

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ApiCall(Generic[T]):
    """A request with one reply.

    The reply to a `question` takes as long as its answer, and the question is never resent; `slow` ones may take as
    long.
    """

    request: HttpRequest
    read: Callable[[bytes], T]
    question: bool = False
    slow: bool = False
    also: int | None = None

    def parse_reply(self, reply: HttpReply) -> T:
        """Parse the reply, or raise the error that it reports."""
        if not reply.ok and (reply.status != self.also or isinstance(reply.to_error(), Refused)):
            raise reply.to_error()
        try:
            return self.read(reply.body)
        except ValidationError as error:
            raise reply.to_error() from error

    def lost_error(self, error: httpx.TransportError) -> ClientError:
        """Return the error for a call that got no reply."""
        if self.question and not is_unsent(error):
            return unknown_fate_error()
        return unreachable_error(error, changes=self.request.method != "GET")


@dataclass(frozen=True)
class StreamCall:
    """The request that opens a stream: of a known run, from the event after `after` on, or of a new one."""

    request: HttpRequest
    run_id: str | None = None
    after: int = -1


def get_request(url: str, /, **params: object) -> HttpRequest:
    """Build a GET request; parameters that are None are left to the server."""
    params = {name: value for name, value in params.items() if value is not None}
    # Booleans as in JSON.
    values = {name: json.dumps(value) if isinstance(value, bool) else str(value) for name, value in params.items()}
    return HttpRequest("GET", url, params=values)


def json_request(method: str, url: str, body: Mapping[str, Any]) -> HttpRequest:
    """Build a request with a JSON body."""
    # Escaped to ASCII: lone surrogates reach the desk, which says what is wrong with them.
    return HttpRequest(method, url, content=json.dumps(body).encode(), headers={"content-type": "application/json"})


def upload_request(url: str, file: bytes, **form: str) -> HttpRequest:
    """Build a request that uploads a file as a multipart form."""
    # A form cannot carry lone surrogates.
    fields = {name: value.encode("utf-8", "replace").decode() for name, value in form.items()}
    # Only the encoded body and its type are used, not the URL; both clients send the same bytes.
    encoded = httpx.Request("POST", "http://desk", data=fields, files={"file": file})
    return HttpRequest("POST", url, content=encoded.read(), headers={"content-type": encoded.headers["content-type"]})


def path_segment(identifier: str) -> str:
    """Quote an id for use as a path segment."""
    if identifier in ("", ".", "..") or len(identifier) > _LONGEST_ID:
        raise IdInvalid(f"{identifier[:20]!r} is not an id")
    return quote(identifier, safe="", errors="replace")


def as_json(body: bytes) -> Json:
    """Read a reply of no fixed shape as JSON."""
    return _JSON.validate_json(body) if body else {}


def as_bytes(body: bytes) -> bytes:
    """Read a reply that is a file."""
    return body


def as_text(body: bytes) -> str:
    """Read a reply that is a text document."""
    return body.decode("utf-8", "replace")
