"""What operators watch: `/metrics` says what happened and what is open, `/ready` and `/health` whether to come."""

import shutil
import signal
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from backend.users import digest_of
from tests.agents.models.upstream import until
from tests.provided import BILLING, GPT, PATIENT, TECHNICAL, at_openai, no_profile
from tests.providers.openai import OpenAIServer
from tests.providers.script import Fault, Script, Usage
from tests.serving import Server, serve
from tests.sse import check_whole, frames

ADA, BOB = {"authorization": "Bearer adas-key"}, {"x-api-key": "bobs-key"}
KEYS = {"API_KEYS": f"ada:sha256:{digest_of('adas-key')},bob:sha256:{digest_of('bobs-key')}", "OPERATORS": "ada"}
HANGS = Script(fault=Fault.STALL, at=1)
SECONDS = 30


@dataclass
class Hanging:
    """A stream that is open, what comes on it, and its run."""

    response: httpx.Response
    events: Iterator[tuple[int | None, dict[str, Any]]]
    run_id: str


@dataclass
class Stage:
    """A desk whose first model always fails, and the second, which answers as its script says."""

    desk: Server
    cloud: OpenAIServer
    broken: str

    def value(self, name: str, **labels: str) -> float:
        """One number of `/metrics`; 0 where nothing is said of it."""
        with self.desk.client(headers=ADA) as client:
            page = client.get("/metrics").raise_for_status().text
        samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
        return sum(
            sample.value for sample in samples if sample.name == name and labels.items() <= sample.labels.items()
        )

    def ask(self, question: str) -> list[dict[str, Any]]:
        """Every event of one answer."""
        with (
            self.desk.client(headers=ADA) as client,
            client.stream("POST", "/chat/stream", json={"message": question}) as response,
        ):
            return check_whole(list(frames(response)))

    @contextmanager
    def hanging(self, **body: str) -> Iterator["Hanging"]:
        """A stream whose answer does not go on."""
        self.cloud.script = HANGS
        try:
            with (
                self.desk.client(headers=ADA) as client,
                client.stream("POST", "/chat/stream", json={"message": BILLING, **body}) as response,
            ):
                events = frames(response)
                yield Hanging(response, events, next(events)[1]["run_id"])
        finally:
            self.cloud.script = Script()

    def cancel(self, run_id: str) -> None:
        with self.desk.client(headers=ADA) as client:
            client.post(f"/runs/{run_id}/cancel").raise_for_status()


@pytest.fixture(scope="module")
def stage(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    base = tmp_path_factory.mktemp("metrics")
    data = Path(shutil.copytree(indexed, base / "data"))
    with ExitStack() as stack:
        broken = stack.enter_context(OpenAIServer(Script(fault=Fault.BROKEN)))
        cloud = stack.enter_context(OpenAIServer())
        first = f"openai-compatible:first@{broken.url}/v1"
        models = {"SUPERVISOR_MODEL": "embedded", "WORKER_MODEL": f"{first},openai:{GPT}"}
        settings: dict[str, Any] = {**KEYS, **models, **PATIENT, **at_openai(cloud), **no_profile(base)}
        yield Stage(stack.enter_context(serve(data, **settings)), cloud, first)


NUMBERS = {
    "started": ("frontdesk_runs_started_total", {"agent": "supervisor"}),
    "done": ("frontdesk_runs_ended_total", {"agent": "supervisor", "end": "done"}),
    "routed": ("frontdesk_routed_total", {"agent": "billing"}),
    "first": ("frontdesk_first_token_seconds_count", {}),
    "total": ("frontdesk_run_seconds_count", {"end": "done"}),
    "prompt": ("frontdesk_tokens_total", {"model": f"openai:{GPT}", "kind": "prompt"}),
    "completion": ("frontdesk_tokens_total", {"model": f"openai:{GPT}", "kind": "completion"}),
    "cached": ("frontdesk_tokens_total", {"model": f"openai:{GPT}", "kind": "cached"}),
    "cost": ("frontdesk_cost_usd_total", {"model": f"openai:{GPT}"}),
    "fallbacks": ("frontdesk_fallbacks_total", {}),
}


def test_the_numbers_are_those_of_the_runs(stage: Stage) -> None:
    stage.cloud.script = Script(usage=Usage(prompt=100, completion=7, cached=40))
    before = {name: stage.value(metric, **labels) for name, (metric, labels) in NUMBERS.items()}
    runs = [stage.ask(BILLING), stage.ask(TECHNICAL), stage.ask(BILLING)]
    added = {name: stage.value(metric, **labels) - before[name] for name, (metric, labels) in NUMBERS.items()}
    events = [event for run in runs for event in run]
    usage = [run[-1]["usage"] for run in runs]
    assert (added["started"], added["done"], added["first"], added["total"]) == (3, 3, 3, 3)
    assert added["routed"] == sum("billing" in event["agents"] for event in events if event["type"] == "route") >= 2
    assert (added["prompt"], added["completion"]) == (
        sum(one["prompt"] for one in usage),
        sum(one["completion"] for one in usage),
    )
    assert added["cached"] == 120
    assert added["cost"] > 0
    assert added["cost"] == pytest.approx(sum(run[-1]["cost_usd"] for run in runs))
    assert added["fallbacks"] == sum(event.get("step_type") == "retry" for event in events) >= 1


def test_time_runs_from_the_question(stage: Stage) -> None:
    names = {"first": "frontdesk_first_token_seconds_sum", "total": "frontdesk_run_seconds_sum"}
    before = {name: stage.value(metric) for name, metric in names.items()}
    done = stage.ask(BILLING)[-1]
    first, total = (stage.value(metric) - before[name] for name, metric in names.items())
    assert 0 < first <= total
    # The metric is taken after the event was made, and the event says milliseconds.
    assert total >= done["time"] - 0.001


def test_the_breaker_of_a_model_that_fails_is_seen(stage: Stage) -> None:
    stage.ask(BILLING)
    stage.ask(BILLING)
    assert stage.value("frontdesk_breaker", model=stage.broken) > 0
    assert stage.value("frontdesk_breaker", model=f"openai:{GPT}") == 0


def closes(stage: Stage, stream: Hanging) -> None:
    stream.response.close()


def resets(stage: Stage, stream: Hanging) -> None:
    connection = stream.response.extensions["network_stream"].get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.response.close()


def reads_the_end(stage: Stage, stream: Hanging) -> None:
    stage.cancel(stream.run_id)
    list(stream.events)


@pytest.mark.parametrize("leave", [closes, resets, reads_the_end])
async def test_a_stream_counts_until_its_client_leaves(stage: Stage, leave: Callable[[Stage, Hanging], None]) -> None:
    with stage.hanging() as stream:
        assert stage.value("frontdesk_streams") == 1
        leave(stage, stream)
        await until(lambda: stage.value("frontdesk_streams") == 0, SECONDS)
    stage.cancel(stream.run_id)
    await until(lambda: stage.value("frontdesk_runs") == 0, SECONDS)
    assert stage.value("frontdesk_streams_dropped") == 0


async def test_what_is_answered_and_what_waits_is_told_apart(stage: Stage) -> None:
    cancelled = stage.value("frontdesk_runs_ended_total", end="cancelled")
    with stage.hanging(session_id="q") as first, stage.hanging(session_id="q", when_busy="enqueue") as second:
        assert stage.value("frontdesk_runs", state="in_progress", agent="supervisor") == 1
        assert stage.value("frontdesk_runs", state="queued", agent="supervisor") == 1
        stage.cancel(second.run_id)
        stage.cancel(first.run_id)
        await until(lambda: stage.value("frontdesk_runs") == 0, SECONDS)
    assert stage.value("frontdesk_runs_ended_total", end="cancelled") == cancelled + 2


@pytest.mark.parametrize(("headers", "status"), [({}, 401), (BOB, 403), (ADA, 200)])
def test_metrics_are_for_operators(stage: Stage, headers: dict[str, str], status: int) -> None:
    with stage.desk.client(headers=headers) as client:
        response = client.get("/metrics")
    assert response.status_code == status
    assert ("frontdesk_" in response.text) == (status == 200)


def test_who_is_no_operator_learns_the_status_alone(stage: Stage) -> None:
    with stage.desk.client() as client:
        assert client.get("/ready").json() == {"status": "ready"}
        assert client.get("/health").json().keys() == {"status"}
        assert client.get("/info").status_code == 401
    with stage.desk.client(headers=BOB) as client:
        assert client.get("/info").json()["user"]["operator"] is False
        assert client.get("/health").json().keys() == {"status"}
    with stage.desk.client(headers=ADA) as client:
        assert {"models", "agents", "memory_bytes"} < client.get("/health").json().keys()


async def test_a_desk_without_a_model_is_not_ready(data_dir: Path, tmp_path: Path) -> None:
    models = {"SUPERVISOR_MODEL": "embedded", "WORKER_MODEL": f"openai:{GPT}", "EMBEDDED_FALLBACK": "false"}
    with serve(data_dir, **models, **KEYS, **no_profile(tmp_path)) as desk, desk.client() as client:
        await until(lambda: client.get("/ready").status_code == 503, SECONDS)
        refused = client.get("/ready").json()["error"]
        assert (refused["code"], refused["retryable"]) == ("not_ready", True)
        assert refused["message"] == "the desk cannot answer now; /health tells an operator why"
        assert client.get("/health").json() == {"status": "unavailable"}


async def test_a_desk_that_stops_is_not_ready(data_dir: Path) -> None:
    question = {"message": f"{BILLING} 1 tokens, then hang"}
    with (
        serve(data_dir, "tests.scripted", ANSWER_THRESHOLD=0, SHUTDOWN_SECONDS=60) as desk,
        desk.client() as client,
        client.stream("POST", "/chat/stream", json=question) as response,
    ):
        events = frames(response)
        next(events)
        desk.process.send_signal(signal.SIGTERM)
        await until(lambda: client.get("/ready").status_code == 503, SECONDS)
        assert "being stopped" in client.get("/ready").json()["error"]["message"]
        desk.kill()
