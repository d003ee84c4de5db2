"""What is sent to a desk and how its reply is read, whatever the door."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from frontdesk.client.errors import DeskError, IdInvalid, Refused
from frontdesk.client.responses import Reply, perhaps_taken, unreachable, unsent

T = TypeVar("T")
Json = dict[str, Any]

# Longer ones no desk gives, and no address can hold.
_LONGEST_ID = 500
_JSON = TypeAdapter(Json)


@dataclass(frozen=True)
class Request:
    """Named as `httpx` names its parts."""

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request with one reply.

    A question's reply takes as long as its answer, and is never asked for twice; `slow` ones may take as long.
    """

    request: Request
    read: Callable[[bytes], T]
    question: bool = False
    slow: bool = False
    also: int | None = None

    def result(self, reply: Reply) -> T:
        """What the reply says; raises what it says is wrong."""
        if not reply.ok and (reply.status != self.also or isinstance(reply.failure(), Refused)):
            raise reply.failure()
        try:
            return self.read(reply.body)
        except ValidationError as error:
            raise reply.failure() from error

    def lost(self, error: httpx.TransportError) -> DeskError:
        """No reply came."""
        if self.question and not unsent(error):
            return perhaps_taken()
        return unreachable(error, changes=self.request.method != "GET")


@dataclass(frozen=True)
class Opening:
    """The request that opens a stream: of a run that is known, from the event after `after` on, or of a new one."""

    request: Request
    run_id: str | None = None
    after: int = -1


def looking(url: str, /, **params: object) -> Request:
    """To look at something; what is None is the desk's to choose."""
    params = {name: value for name, value in params.items() if value is not None}
    # As JSON writes yes and no.
    said = {name: json.dumps(value) if isinstance(value, bool) else str(value) for name, value in params.items()}
    return Request("GET", url, params=said)


def sending(method: str, url: str, body: Mapping[str, Any]) -> Request:
    """With JSON."""
    # Escaped to ASCII: halves of characters reach the desk, which says what is wrong with them.
    return Request(method, url, content=json.dumps(body).encode(), headers={"content-type": "application/json"})


def uploading(url: str, file: bytes, **form: str) -> Request:
    """With a file, as a form sends it."""
    # Halves of characters cannot be sent so.
    fields = {name: value.encode("utf-8", "replace").decode() for name, value in form.items()}
    # The address is left out of what is sent; the same bytes go through either kind of client.
    encoded = httpx.Request("POST", "http://desk", data=fields, files={"file": file})
    return Request("POST", url, content=encoded.read(), headers={"content-type": encoded.headers["content-type"]})


def segment(identifier: str) -> str:
    """An id as a part of an address."""
    if identifier in ("", ".", "..") or len(identifier) > _LONGEST_ID:
        raise IdInvalid(f"{identifier[:20]!r} is not an id")
    return quote(identifier, safe="", errors="replace")


def as_json(body: bytes) -> Json:
    """A reply whose shape is not settled."""
    return _JSON.validate_json(body) if body else {}


def as_bytes(body: bytes) -> bytes:
    """A reply that is a file."""
    return body


def as_text(body: bytes) -> str:
    """A reply that is a document."""
    return body.decode("utf-8", "replace")
