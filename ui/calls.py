"""Every door of the desk as a request and how to read its reply, without a connection: both clients send the same."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypedDict, TypeVar, Unpack
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from ui.errors import DeskError, IdInvalid, Refused
from ui.replies import Reply, perhaps_taken, unreachable, unsent
from ui.shapes import Answer, Run

T = TypeVar("T")
Json = dict[str, Any]

_JSON = TypeAdapter(Json)
_DEFAULTS = {"when_busy": "reject", "on_disconnect": "continue"}


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
    """A request with one reply. A question's reply takes as long as its answer, and is never asked for twice."""

    request: Request
    read: Callable[[bytes], T]
    question: bool = False
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


class Choices(TypedDict, total=False):
    """How to ask. With `agent`, that one answers; what is None or left out is the desk's to choose.

    With `replaces`, the id of a conversation's last run, the message takes the place of that run's question.
    """

    session_id: str | None
    thread_id: str | None
    agent: str | None
    when_busy: str
    on_disconnect: str
    replaces: str | None


def ask(message: str, **choices: Unpack[Choices]) -> Call[Answer]:
    """Ask, and wait for the whole answer."""
    return Call(_question(message, choices, streamed=False), Answer.model_validate_json, question=True)


def stream(message: str, **choices: Unpack[Choices]) -> Opening:
    """Ask, and read the answer's events as they come, over as many connections as it takes."""
    return Opening(_question(message, choices, streamed=True))


def follow(run_id: str, after: int = -1) -> Opening:
    """A run's events after number `after`, which must come before the last one."""
    headers = {"last-event-id": str(after)} if after >= 0 else {}
    return Opening(Request("GET", f"/runs/{_segment(run_id)}/stream", headers=headers), run_id, after)


def run(run_id: str) -> Call[Run]:
    """A run with its steps and what they took."""
    return Call(Request("GET", f"/runs/{_segment(run_id)}"), Run.model_validate_json)


def cancel(run_id: str) -> Call[Json]:
    """Stop a run; what it has said is kept."""
    return Call(Request("POST", f"/runs/{_segment(run_id)}/cancel"), _json)


def feedback(run_id: str, rating: Literal["up", "down"], comment: str = "") -> Call[Json]:
    """Say whether an answer helped."""
    body = {"rating": rating} | ({"comment": comment} if comment else {})
    return Call(_sending("POST", f"/runs/{_segment(run_id)}/feedback", body), _json)


class Page(TypedDict, total=False):
    """Which conversations to list; what is None or left out is the desk's to choose."""

    limit: int | None
    offset: int | None
    status: str | None
    search: str | None
    agent: str | None


def threads(**page: Unpack[Page]) -> Call[Json]:
    """Conversations, a page at a time."""
    params = {name: str(value) for name, value in page.items() if value is not None}
    return Call(Request("GET", "/api/threads", params=params), _json)


def thread(thread_id: str) -> Call[Json]:
    """A conversation with its messages."""
    return Call(Request("GET", _thread(thread_id)), _json)


def rename(thread_id: str, title: str) -> Call[Json]:
    """Give a conversation another title."""
    return Call(_sending("PATCH", _thread(thread_id), {"title": title}), _json)


def delete(thread_id: str, hard: bool = False) -> Call[Json]:
    """Put a conversation away; with `hard`, for good."""
    return Call(Request("DELETE", _thread(thread_id), params={"hard_delete": "true"} if hard else {}), _json)


def export(thread_id: str, format: Literal["markdown", "json"] = "markdown") -> Call[str]:
    """A conversation as a document."""
    return Call(Request("GET", f"{_thread(thread_id)}/export", params={"format": format}), _text)


def agents() -> Call[Json]:
    """Every agent."""
    return Call(Request("GET", "/api/agents"), _json)


def agent(agent_id: str) -> Call[Json]:
    """One agent."""
    return Call(Request("GET", _agent(agent_id)), _json)


def create_agent(description: Mapping[str, Any]) -> Call[Json]:
    """A new agent, in the desk's own words for one."""
    return Call(_sending("POST", "/api/agents", description), _json)


def replace_agent(agent_id: str, description: Mapping[str, Any]) -> Call[Json]:
    """Another agent under the same id."""
    return Call(_sending("PUT", _agent(agent_id), description), _json)


def delete_agent(agent_id: str) -> Call[Json]:
    """Dismiss an agent."""
    return Call(Request("DELETE", _agent(agent_id)), _json)


def health() -> Call[Json]:
    """How the desk is; also where it says that it is not well."""
    return Call(Request("GET", "/health"), _json, also=503)


def _question(message: str, choices: Choices, *, streamed: bool) -> Request:
    # What is not asked for is not sent, so that a desk without that choice answers too.
    chosen = {name: value for name, value in choices.items() if value != _DEFAULTS.get(name)}
    agent = chosen.pop("agent", None)
    if agent is None:
        return _sending("POST", "/chat/stream" if streamed else "/chat", {"message": message, **chosen})
    return _sending("POST", f"{_agent(str(agent))}/chat", {"message": message, "stream": streamed, **chosen})


def _sending(method: str, url: str, body: Mapping[str, Any]) -> Request:
    # Escaped to ASCII: halves of characters reach the desk, which says what is wrong with them.
    return Request(method, url, content=json.dumps(body).encode(), headers={"content-type": "application/json"})


def _thread(thread_id: str) -> str:
    return f"/api/threads/{_segment(thread_id)}"


def _agent(agent_id: str) -> str:
    return f"/api/agents/{_segment(agent_id)}"


def _segment(identifier: str) -> str:
    if identifier in ("", ".", ".."):
        raise IdInvalid(f"{identifier!r} is not an id")
    return quote(identifier, safe="", errors="replace")


def _json(body: bytes) -> Json:
    return _JSON.validate_json(body) if body else {}


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
