"""Which model writes for which agent: two real llama.cpp servers, a model of an agent's own, and the defaults."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agents.catalog import SHIPPED
from tests.llama import LlamaServer, llama_server
from tests.provided import BILLING, GENERAL, GPT, PATIENT, PRIVACY, TECHNICAL, ask, at_openai, attempts, no_profile
from tests.providers.openai import OpenAIServer
from tests.serving import Server, serve

OWN = "gpt-4.1-mini"
# Where it is, no event tells.
OWN_SERVER = "openai-compatible"


@dataclass
class Stage:
    """A desk of a catalogue of its own, over two model servers and OpenAI."""

    desk: Server
    technical: LlamaServer
    shared: LlamaServer
    cloud: OpenAIServer


def own_catalogue(directory: Path) -> Path:
    """The shipped agents; general and compliance with a model of their own."""
    shutil.copytree(SHIPPED / "customer_support", directory)
    for name, model in (("general", f"openai:{OWN}"), ("compliance", "openai:no-such-model,embedded")):
        file = directory / f"{name}.md"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("---\n", f"---\nmodel: {model}\n", 1), encoding="utf-8")
    return directory


@pytest.fixture(scope="module")
def stage(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    base = tmp_path_factory.mktemp("mapping")
    data = Path(shutil.copytree(indexed, base / "data"))
    with ExitStack() as stack:
        technical = stack.enter_context(llama_server("technical-model"))
        shared = stack.enter_context(llama_server("shared-model"))
        cloud = stack.enter_context(OpenAIServer())
        settings: dict[str, Any] = {**at_openai(cloud), **no_profile(base), "CATALOG": own_catalogue(base / "agents")}
        settings |= {"TECHNICAL_MODEL_URL": technical.url, "AI_SERVICE_URL": shared.url}
        settings |= {**PATIENT, "SUPERVISOR_MODEL": "embedded", "MODEL_MAX_TOKENS": 8}
        desk = stack.enter_context(serve(data, **settings))
        yield Stage(desk, technical, shared, cloud)


def test_an_agent_with_a_server_of_its_own_is_answered_by_that(stage: Stage) -> None:
    events = ask(stage.desk, TECHNICAL, "technical")
    (answered,) = attempts(events, "technical")
    assert answered["model"] == OWN_SERVER
    assert answered["usage"]["completion"] == 8
    assert events[-1]["finish_reason"] == "length"
    assert events[-1]["cost_usd"] == 0


def test_an_agent_without_one_is_answered_by_the_shared_server(stage: Stage) -> None:
    (answered,) = attempts(ask(stage.desk, BILLING, "billing"), "billing")
    assert answered["model"] == OWN_SERVER


def test_an_agent_whose_file_names_a_model_is_answered_by_that(stage: Stage) -> None:
    events = ask(stage.desk, GENERAL, "general")
    (answered,) = attempts(events, "general")
    assert answered["model"] == f"openai:{OWN}"
    assert stage.cloud.requests[-1].body["model"] == OWN
    assert "".join(event["content"] for event in events if event["type"] == "token") == "Hello world."


def test_each_agent_is_shown_with_its_own_chain(stage: Stage) -> None:
    with stage.desk.client() as client:
        agents = {agent["id"]: agent["models"] for agent in client.get("/health").json()["agents"]}
    shared = f"openai-compatible:@{stage.shared.url}"
    assert agents == {
        "billing": [shared, f"openai:{GPT}", "embedded"],
        "technical": [f"openai-compatible:@{stage.technical.url}", f"openai:{GPT}", "embedded"],
        "general": [f"openai:{OWN}", "embedded"],
        "compliance": ["openai:no-such-model", "embedded"],
    }


def test_a_server_that_has_gone_is_passed_over_and_the_answer_says_so(stage: Stage) -> None:
    stage.technical.process.kill()
    stage.technical.process.wait()
    events = ask(stage.desk, TECHNICAL, "gone")
    *gone, answered = attempts(events, "technical")
    assert "cannot be reached" in gone[-1]["output"]
    assert answered["model"] == f"openai:{GPT}"
    (shared,) = attempts(ask(stage.desk, BILLING, "shared"), "billing")
    assert shared["model"] == OWN_SERVER
    assert ask(stage.desk, PRIVACY, "unaffected")[-1]["type"] == "done"
