"""Desks with keys and a loopback provider behind them, and helpers to ask, hold, cancel and follow runs."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from backend.users import digest_of
from tests.provided import PATIENT, at_openai
from tests.providers.answers import RecordedRequest
from tests.providers.openai import OpenAIServer
from tests.providers.script import Fault, Script, Usage
from tests.serving import Server, serve
from tests.sse import check_whole, frames

# Each question tells the loopback provider how to answer.
HELD = "Duplicate charges: please hold"
SLOW = "Duplicate charges: please write slowly"
BROKEN = "Duplicate charges: please break off"
COSTLY = "Duplicate charges: please read much"
QUICK = "How are duplicate charges refunded?"

_ASKED = re.compile(r"please (hold|break off|write slowly|read much)")
_WORDS = tuple(f"word{number} " for number in range(60))


_SETTINGS: dict[str, Any] = {
    "SUPERVISOR_MODEL": "embedded",
    "WORKER_MODEL": "openai:gpt-4o-mini",
    "EMBEDDED_FALLBACK": False,
    "ANSWER_THRESHOLD": 0,
    **PATIENT,
    "RATE_LIMIT": "",
}


@dataclass
class Provided:
    """A desk, and the provider that writes its answers."""

    desk: Server
    provider: OpenAIServer

    @property
    def answers(self) -> list[RecordedRequest]:
        """The requests for an answer; the desk's own check of the model at its start is not streamed."""
        return [request for request in self.provider.requests if request.body and request.body["stream"]]


@contextmanager
def provided(
    indexed: Path, base: Path, script: Callable[[RecordedRequest], Script] | None = None, /, **settings: object
) -> Iterator[Provided]:
    """Start a desk over a copy of that data whose answers a loopback provider writes as the question asks."""
    data = Path(shutil.copytree(indexed, base / "data"))
    with (
        OpenAIServer(script or as_asked) as provider,
        serve(data, **_SETTINGS | at_openai(provider) | settings) as desk,
    ):
        yield Provided(desk, provider)


@contextmanager
def restarted(ended: Provided, **settings: object) -> Iterator[Server]:
    """Start the same desk again, over the same provider, with other settings."""
    with serve(ended.desk.data_dir, **_SETTINGS | at_openai(ended.provider) | settings) as desk:
        yield desk


def key_of(name: str) -> str:
    """Return the API key of a user."""
    return f"fd-{name}-0123456789"


def keys(*names: str) -> str:
    """Return the API_KEYS setting for these users."""
    return ",".join(f"{name}:sha256:{digest_of(key_of(name))}" for name in names)


def as_user(server: Server, name: str) -> httpx.Client:
    """Create a client with that user's key."""
    return server.client(headers={"authorization": f"Bearer {key_of(name)}"})


def as_asked(request: RecordedRequest) -> Script:
    """Script the provider by the question: three words and then silence or a failure, many words, or a short answer.

    "Read much" reports 50,000 prompt tokens, whatever the prompt.
    """
    found = _ASKED.search(_last(request))
    if found is None:
        return Script(("A short ", "answer."))
    if found.group(1) == "read much":
        return Script(usage=Usage(prompt=50_000))
    if found.group(1) == "hold":
        return Script(_WORDS[:3], fault=Fault.STALL, at=3)
    if found.group(1) == "break off":
        return Script(_WORDS[:3], fault=Fault.NO_FINISH, at=3)
    return Script(_WORDS, gap_seconds=0.02)


def roles(request: RecordedRequest) -> list[str]:
    """Return the roles of the messages that a model was sent, without the system prompt."""
    return [message["role"] for message in request.body["messages"] if message["role"] != "system"]


def begin(client: httpx.Client, message: str, words: int = 0, path: str = "/chat/stream", **body: Any) -> str:
    """Start a run, leave it once it has said that many words, and return its id."""
    with client.stream("POST", path, json={"message": message, **body}) as response:
        if response.is_error:
            raise AssertionError(response.read().decode())
        run_id, heard = "", 0
        for _, event in frames(response):
            run_id = event.get("run_id", run_id)
            heard += event["type"] == "token"
            if heard >= words:
                break
        return run_id


@contextmanager
def held(client: httpx.Client, message: str = HELD, words: int = 1, **body: Any) -> Iterator[dict[str, Any]]:
    """Start a run that answers and would not end; it is cancelled at the end of the block."""
    run = client.get(f"/runs/{begin(client, message, words, **body)}").json()
    try:
        yield run
    finally:
        client.post(f"/runs/{run['id']}/cancel")
        follow(client, run["id"])


def follow(client: httpx.Client, run_id: str) -> list[dict[str, Any]]:
    """Follow a run to its end and return all events."""
    with client.stream("GET", f"/runs/{run_id}/stream") as response:
        return check_whole(list(frames(response)))


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Return the status and the error code of a refused request."""
    return response.status_code, response.json()["error"]["code"]


def _last(request: RecordedRequest) -> str:
    return str(request.body["messages"][-1]["content"]) if request.body else ""


def end_badly(client: httpx.Client, message: str, **body: Any) -> str:
    """Run a question whose model breaks off or, if it holds on, is cancelled; return the run's id."""
    run_id = begin(client, message, 1, **body)
    if message == HELD:
        client.post(f"/runs/{run_id}/cancel").raise_for_status()
    follow(client, run_id)
    return run_id
