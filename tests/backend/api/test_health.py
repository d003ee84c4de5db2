"""What `/health` says of models that answer, refuse, load, fail or have no key, and what a question then meets."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.llama import starting_llama_server
from tests.provided import BILLING, GENERAL, GPT, PATIENT, PRIVACY, TECHNICAL, ask, at_openai, attempts, no_profile
from tests.providers.openai import OpenAIServer
from tests.providers.script import Fault, Script
from tests.serving import Server, serve

BOUND = 60  # seconds


@dataclass
class Stage:
    """A desk, OpenAI, and servers of its own; technical's is a llama.cpp that loads for ever."""

    desk: Server
    cloud: OpenAIServer
    billing: OpenAIServer
    general: OpenAIServer
    llama: str

    def health(self) -> dict[str, Any]:
        with self.desk.client() as client:
            response = client.get("/health")
        body: dict[str, Any] = response.json()
        return body | {"code": response.status_code}

    def model(self, name: str) -> dict[str, Any]:
        """What is said of one model."""
        return next(model for model in self.health()["models"] if model["model"] == name)

    def agent(self, name: str) -> dict[str, Any]:
        return next(agent for agent in self.health()["agents"] if agent["id"] == name)

    def until(self, holds: Callable[[], object]) -> None:
        poll(holds, lambda: str(self.health()))


def poll(holds: Callable[[], object], told: Callable[[], str]) -> None:
    deadline = time.monotonic() + BOUND
    while not holds():
        assert time.monotonic() < deadline, told()
        time.sleep(0.1)  # polls for a condition; the deadline above bounds it


def health_when(client: httpx.Client, holds: Callable[[httpx.Response], bool]) -> httpx.Response:
    """What the desk says of its health once that holds."""
    seen = [client.get("/health")]

    def look() -> bool:
        seen.append(client.get("/health"))
        return holds(seen[-1])

    poll(look, lambda: seen[-1].text)
    return seen[-1]


def at(server: OpenAIServer) -> str:
    return f"openai-compatible:@{server.url}/v1"


def held_model(directory: Path) -> Path:
    """A file that llama.cpp reads for ever."""
    os.mkfifo(directory / "held.gguf")
    return directory / "held.gguf"


@pytest.fixture(scope="module")
def stage(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    base = tmp_path_factory.mktemp("health")
    data = Path(shutil.copytree(indexed, base / "data"))
    with ExitStack() as stack:
        cloud = stack.enter_context(OpenAIServer(Script(fault=Fault.UNAUTHORIZED)))
        cloud.models = (GPT,)
        billing = stack.enter_context(OpenAIServer(Script(fault=Fault.LOADING)))
        general = stack.enter_context(OpenAIServer())
        llama, _ = stack.enter_context(starting_llama_server(model=held_model(base)))
        urls = {"TECHNICAL_MODEL_URL": llama.url, "BILLING_MODEL_URL": f"{billing.url}/v1"}
        urls["GENERAL_MODEL_URL"] = f"{general.url}/v1"
        settings: dict[str, Any] = {**at_openai(cloud), **no_profile(base), **PATIENT, **urls, "HOME": base}
        desk = stack.enter_context(serve(data, **settings))
        yield Stage(desk, cloud, billing, general, f"openai-compatible:@{llama.url}")


def test_a_wrong_key_is_seen_before_any_question_and_in_the_first_trace(stage: Stage) -> None:
    stage.until(lambda: stage.model(f"openai:{GPT}")["state"] == "refused")
    refused = "refused the credentials or lacks permission (HTTP 401, invalid_api_key)"
    assert stage.model(f"openai:{GPT}")["reason"] == refused
    assert stage.health()["status"] == "reduced"
    assert "are quoted: " in stage.health()["reason"]
    assert "openai:gpt-4o-mini refused" in stage.health()["reason"]
    events = ask(stage.desk, PRIVACY, "wrong-key")
    failed, quoted = attempts(events, "compliance")
    assert failed["status"] == "failed"
    assert failed["model"] == f"openai:{GPT}"
    assert "refused the credentials" in failed["output"]
    assert quoted["model"] == "embedded"
    assert events[-1]["reduced"] is True
    stage.cloud.script = Script()
    assert attempts(ask(stage.desk, PRIVACY, "right-key"), "compliance")[-1]["model"] == f"openai:{GPT}"
    assert stage.model(f"openai:{GPT}") | {"used_by": []} == {
        "model": f"openai:{GPT}",
        "used_by": [],
        "state": "ready",
        "reason": None,
        "breaker": "closed",
    }
    # No agent has to quote any more.
    assert (stage.health()["status"], stage.health()["reason"]) == ("ok", None)


def test_a_model_without_a_key_is_no_fault(stage: Stage) -> None:
    stage.until(lambda: stage.model("bedrock:us.amazon.nova-lite-v1:0")["state"] != "unchecked")
    nova = stage.model("bedrock:us.amazon.nova-lite-v1:0")
    assert (nova["state"], nova["used_by"], nova["breaker"]) == ("no_credentials", ["supervisor"], "closed")
    assert "no credentials" in nova["reason"]
    assert stage.health()["code"] == httpx.codes.OK


def test_health_names_who_answers_and_the_memory(stage: Stage) -> None:
    stage.until(lambda: stage.agent("general")["model"] == at(stage.general))
    general = stage.agent("general")
    assert general["models"] == [at(stage.general), f"openai:{GPT}", "embedded"]
    assert general["documents"] == 1
    resident = Path(f"/proc/{stage.desk.process.pid}/status").read_text(encoding="utf-8")
    kib = next(int(line.split()[1]) for line in resident.splitlines() if line.startswith("VmRSS"))
    assert stage.health()["memory_bytes"] == pytest.approx(kib * 1024, rel=0.2)


def test_a_server_that_loads_is_passed_over_until_it_is_ready(stage: Stage) -> None:
    stage.cloud.script = Script()
    stage.until(lambda: stage.model(at(stage.billing))["state"] == "loading")
    loading, answered = attempts(ask(stage.desk, BILLING, "loading"), "billing")
    assert "still loading" in loading["output"]
    assert answered["model"] == f"openai:{GPT}"
    assert "is still loading its model" in answered["output"]
    stage.billing.script = Script()
    stage.until(lambda: stage.model(at(stage.billing))["state"] == "ready")
    assert stage.agent("billing")["model"] == at(stage.billing)
    before = len(stage.billing.requests)
    assert attempts(ask(stage.desk, BILLING, "ready"), "billing")[-1]["model"] == "openai-compatible"
    assert len(stage.billing.requests) > before


def test_a_real_server_that_loads_is_seen_as_loading(stage: Stage) -> None:
    stage.cloud.script = Script()
    stage.until(lambda: stage.model(stage.llama)["state"] == "loading")
    assert stage.agent("technical")["model"] != stage.llama
    began = time.monotonic()
    events = ask(stage.desk, TECHNICAL, "llama-loading")
    assert time.monotonic() - began < 20
    assert attempts(events, "technical")[-1]["model"] == f"openai:{GPT}"


def test_a_model_that_keeps_failing_is_left_alone(stage: Stage) -> None:
    stage.cloud.script = Script()
    stage.general.script = Script(fault=Fault.BROKEN)
    for number in range(3):
        ask(stage.desk, GENERAL, f"broken-{number}")
    # Without a breaker each of the three questions would have been put to it twice.
    written = len([request for request in stage.general.requests if request.method == "POST"])
    assert 3 <= written <= 5
    stage.general.script = Script()
    stage.until(lambda: ask(stage.desk, GENERAL, "probe") and stage.model(at(stage.general))["breaker"] == "closed")


def test_without_quoting_a_desk_whose_model_loads_is_unavailable_and_says_why(data_dir: Path, tmp_path: Path) -> None:
    with starting_llama_server(model=held_model(tmp_path)) as (llama, _):
        settings: dict[str, Any] = {**no_profile(tmp_path), "AI_SERVICE_URL": llama.url, "SUPERVISOR_MODEL": "embedded"}
        with serve(data_dir, **settings, EMBEDDED_FALLBACK="false") as desk, desk.client() as client:
            loading = health_when(client, lambda health: health.json()["models"][0]["state"] == "loading")
            assert "still loading" in loading.json()["models"][0]["reason"]
            # The check of OpenAI, too, has to be over.
            health = health_when(client, lambda health: health.status_code == httpx.codes.SERVICE_UNAVAILABLE)
            assert health.json()["status"] == "unavailable"
            assert "still loading" in health.json()["reason"]
            answer = client.post("/chat", json={"message": BILLING})
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert answer.json()["error"]["code"] == "model_loading"
    assert "still loading its model" in answer.json()["error"]["message"]


def test_without_quoting_a_wrong_key_makes_the_desk_unavailable(data_dir: Path, tmp_path: Path) -> None:
    with OpenAIServer(Script(fault=Fault.UNAUTHORIZED)) as cloud:
        settings: dict[str, Any] = {
            **at_openai(cloud),
            **no_profile(tmp_path),
            **PATIENT,
            "SUPERVISOR_MODEL": "embedded",
        }
        with serve(data_dir, **settings, EMBEDDED_FALLBACK="false") as desk, desk.client() as client:
            health = health_when(client, lambda health: health.status_code != httpx.codes.OK)
            assert health.json()["status"] == "unavailable"
            assert "openai:gpt-4o-mini refused the credentials" in health.json()["reason"]
            answer = client.post("/chat", json={"message": BILLING})
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert answer.json()["error"]["code"] == "models_unavailable"
