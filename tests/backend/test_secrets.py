"""Providers that repeat everything they were sent, in every way to fail: no key is ever shown, logged or stored."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests import commands
from tests.provided import AWS_KEYS, OPENAI_KEY, PATIENT, SERVICE_KEY, TECHNICAL, ask, at_bedrock, at_openai, no_profile
from tests.providers.answers import RecordedRequest, Reply, json_reply
from tests.providers.bedrock import BedrockServer
from tests.providers.loopback import LoopbackServer
from tests.providers.openai import OpenAIServer
from tests.providers.script import Fault, Script
from tests.serving import Server, environment, serve

# Each of these says something in its error; those for which the whole provider is left alone come last.
FAULTS = (
    Fault.FORBIDDEN,
    Fault.UNAUTHORIZED,
    Fault.UNKNOWN_MODEL,
    Fault.BAD_REQUEST,
    Fault.THROTTLED,
    Fault.EXCEPTION,
    Fault.BROKEN,
)
SIGNATURE = re.compile(r"Signature=([0-9a-f]{64})")


def failing(fault: Fault) -> Script:
    return Script(fault=fault, at=2, echo_headers=True)


def by_model(request: RecordedRequest) -> Script:
    """The model that is asked is named for how it shall fail."""
    return failing(next((fault for fault in FAULTS if f"lite-{fault}" in request.path), Fault.BAD_REQUEST))


class NamesTheKey(OpenAIServer):
    """Its errors have the key for a name."""

    def reply(self, request: RecordedRequest, script: Script) -> Reply:
        key = request.headers["authorization"].removeprefix("Bearer ")
        return json_reply(400, {"error": {"message": key, "type": key, "code": key}})


class NamesTheToken(BedrockServer):
    """The errors of one of its models have the session token for a name."""

    def reply(self, request: RecordedRequest, script: Script) -> Reply:
        if "premier" not in request.path:
            return super().reply(request, script)
        token = request.headers["x-amz-security-token"]
        return json_reply(400, {"message": token, "__type": token}, [("x-amzn-ErrorType", token)])


@dataclass
class Told:
    """Everything that came out of a desk, by where it came out."""

    said: dict[str, bytes] = field(default_factory=dict)
    servers: list[LoopbackServer] = field(default_factory=list)

    def forbidden(self) -> set[str]:
        """What must not be in it: the keys, and what was derived from them for each request."""
        sent = [request for server in self.servers for request in server.requests]
        signatures = {
            found for request in sent for found in SIGNATURE.findall(request.headers.get("authorization", ""))
        }
        return {OPENAI_KEY, *AWS_KEYS.values(), *signatures, "AWS4-HMAC", "Bearer "}

    def leaks(self, needles: set[str]) -> list[tuple[str, str]]:
        return [(where, needle) for where, text in self.said.items() for needle in needles if needle.encode() in text]


def listen(server: Server, session: str) -> dict[str, bytes]:
    """What every door says of one question."""
    said = {f"{session} events": json.dumps(ask(server, TECHNICAL, session)).encode()}
    run_id = json.loads(said[f"{session} events"])[0]["run_id"]
    with server.client() as client:
        said["/chat"] = client.post("/chat", json={"message": TECHNICAL, "session_id": f"{session}-whole"}).content
        for path in (f"/runs/{run_id}", f"/runs/{run_id}/stream", "/health", "/openapi.json", f"/nowhere/{session}"):
            said[path] = client.get(path).content
    return said


def stored(data_dir: Path) -> dict[str, bytes]:
    """The raw bytes of whatever a desk wrote: its databases, their journals, its log."""
    files = [*(file for file in data_dir.rglob("*") if file.is_file()), data_dir.parent / f"{data_dir.name}-server.log"]
    return {str(file.relative_to(data_dir.parent)): file.read_bytes() for file in files}


Open = Callable[[LoopbackServer], LoopbackServer]


def hostile_settings(start: Open, base: Path) -> dict[str, Any]:
    """A desk whose every model fails and repeats the headers, each in a way of its own."""
    bedrock, cloud = start(NamesTheToken(by_model)), start(OpenAIServer(failing(Fault.UNAUTHORIZED)))
    own = [start(NamesTheKey()), *(start(OpenAIServer(failing(fault))) for fault in (*FAULTS, Fault.LOADING))]
    models = ["bedrock:us.amazon.nova-premier-v1:0", *(f"bedrock:us.amazon.nova-lite-{fault}-v1:0" for fault in FAULTS)]
    models += ["openai:gpt-4o-mini", *(f"openai-compatible:own@{server.url}/v1" for server in own)]
    return {
        **at_bedrock(bedrock),
        **at_openai(cloud),
        **no_profile(base),
        "AI_SERVICE_API_KEY": SERVICE_KEY,
        # Without the provider's outage, for then the agents would not ask it any more.
        "SUPERVISOR_MODEL": ",".join(model for model in models if f"lite-{Fault.BROKEN}" not in model),
        "WORKER_MODEL": ",".join(models),
        "LOG_LEVEL": "debug",
        **PATIENT,
    }


@pytest.fixture(scope="module")
def hostile(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """All that a desk and the check of its models say when every provider fails and repeats what it was sent."""
    base = tmp_path_factory.mktemp("hostile")
    data = Path(shutil.copytree(indexed, base / "data"))
    told = Told()
    with ExitStack() as stack:

        def start(server: LoopbackServer) -> LoopbackServer:
            told.servers.append(stack.enter_context(server))
            return server

        settings = hostile_settings(start, base)
        with serve(data, **settings) as server:
            told.said |= listen(server, "s")
        told.said |= stored(data)
        run = commands.run("agents.models", "check", env=environment(data, 1, **settings), cwd=base)
        told.said["check"] = (run.stdout + run.stderr).encode()
        yield told


def test_every_provider_was_asked_and_repeated_its_keys(hostile: Told) -> None:
    events = json.loads(hostile.said["s events"])
    failed = {event["output"] for event in events if event["type"] == "trace_end" and event["status"] == "failed"}
    assert len(failed) > 5
    whole = {request.path.endswith("/converse") for request in hostile.servers[0].requests}
    assert whole == {True, False}
    for server in hostile.servers:
        assert server.requests
    assert hostile.said["check"].count(b"FAILED") > len(FAULTS)


def test_no_secret_is_shown_logged_or_stored(hostile: Told) -> None:
    assert {"data/desk.db", "data/graph.db", "data/knowledge.db", "data-server.log"} <= set(hostile.said)
    assert len(hostile.forbidden()) > 2 * len(FAULTS)
    assert hostile.leaks(hostile.forbidden()) == []


def test_an_error_named_with_a_key_is_not_called_by_its_name(hostile: Told) -> None:
    assert hostile.leaks({SERVICE_KEY}) == []
