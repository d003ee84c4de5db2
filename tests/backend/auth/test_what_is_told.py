"""What a stranger and an ordinary user learn of models, their addresses and agents' prompts: what they need."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.catalog import read_catalog
from tests.backend.asking import as_user, keys
from tests.backend.auth.desk import until
from tests.provided import BILLING, GENERAL, PATIENT, TECHNICAL, no_profile
from tests.providers.openai import OpenAIServer
from tests.providers.script import Fault, Script
from tests.serving import Server, serve

ADDRESS = re.compile(r"127\.0\.0\.1:\d+|https?://")
LISTED = {"id", "name", "description", "examples", "knowledge", "enabled"}


@dataclass
class Stage:
    """A desk whose models are servers of its own: one answers, one fails, one breaks off."""

    desk: Server
    servers: list[OpenAIServer]


@pytest.fixture(scope="module")
def stage(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    base = tmp_path_factory.mktemp("told")
    data = Path(shutil.copytree(indexed, base / "data"))
    with ExitStack() as stack:
        scripts = [Script(), Script(fault=Fault.UNAUTHORIZED), Script(fault=Fault.NO_FINISH, at=1)]
        servers = [stack.enter_context(OpenAIServer(script)) for script in scripts]
        names = ("BILLING", "TECHNICAL", "GENERAL")
        urls = {f"{name}_MODEL_URL": f"{one.url}/v1" for name, one in zip(names, servers, strict=True)}
        settings: dict[str, Any] = {**urls, **PATIENT, **no_profile(base), "SUPERVISOR_MODEL": "embedded"}
        settings |= {"API_KEYS": keys("ada", "olga"), "OPERATORS": "olga", "EMBEDDED_FALLBACK": "false"}
        settings |= {"WORKER_MODEL": f"openai-compatible:spare@{servers[1].url}/v1", "ANSWER_THRESHOLD": 0}
        yield Stage(stack.enter_context(serve(data, **settings)), servers)


def everything(client: httpx.Client) -> dict[str, str]:
    """Whatever this client is told, by where."""
    said = {path: client.get(path).text for path in ("/", "/ready", "/health", "/info", "/openapi.json", "/nowhere")}
    for path in ("/metrics", "/api/agents", "/api/agents/billing", "/api/agents/nobody", "/api/activity"):
        said[path] = client.get(path).text
    for question in (BILLING, TECHNICAL, GENERAL):
        streamed = client.post("/chat/stream", json={"message": question}).text
        said[f"stream {question}"] = streamed
        said[f"chat {question}"] = client.post("/chat", json={"message": question}).text
        if found := re.search(r'"run_id":"([^"]+)"', streamed):
            said[f"run {question}"] = client.get(f"/runs/{found.group(1)}").text
    said["route"] = client.post("/api/agents/route", json={"question": BILLING}).text
    said["llm"] = client.post("/api/llm/chat", json={"messages": [{"role": "user", "content": "Hi"}]}).text
    return said


def test_no_address_of_a_model_is_told_to_users(stage: Stage) -> None:
    with as_user(stage.desk, "ada") as ada:
        said = everything(ada)
    assert {where: found for where, text in said.items() if (found := ADDRESS.findall(text))} == {}
    assert '"type":"done"' in said[f"stream {BILLING}"]
    assert "refused the credentials" in said[f"stream {TECHNICAL}"], "why a model failed is still told"


def test_no_prompt_is_told_to_users(stage: Stage) -> None:
    prompts = [agent.prompt for agent in read_catalog("customer_support").all]
    with as_user(stage.desk, "ada") as ada:
        said = everything(ada)
        agents = ada.get("/api/agents").json()["agents"]
    assert [where for where, text in said.items() for prompt in prompts if json.dumps(prompt)[1:80] in text] == []
    assert {frozenset(agent) for agent in agents} == {frozenset(LISTED)}
    with as_user(stage.desk, "olga") as olga:
        shown = olga.get("/api/agents").json()["agents"]
    assert [agent["prompt"] for agent in shown] == prompts
    assert {"model", "tools", "strategy", "origin"} < shown[0].keys()


@pytest.mark.parametrize("name", [None, "ada"])
def test_strangers_and_users_learn_whether_and_not_why(stage: Stage, name: str | None) -> None:
    with as_user(stage.desk, name) if name else stage.desk.client() as client, as_user(stage.desk, "olga") as olga:
        until(lambda: olga.get("/ready").status_code == 503)
        assert "openai-compatible" in olga.get("/ready").text
        assert stage.servers[1].url in olga.get("/ready").text
        for path in ("/ready", "/health"):
            told = client.get(path)
            assert told.status_code == 503
            assert "openai" not in told.text
            assert "127.0.0.1" not in told.text
        assert client.get("/health").json() == {"status": "unavailable"}
        assert olga.get("/health").json()["models"]
