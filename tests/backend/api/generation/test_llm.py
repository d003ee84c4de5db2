"""The model with no agent, over OpenAI and Bedrock: what reaches the provider, and what comes back of it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.provided import GPT, NOVA, PATIENT, at_bedrock, at_openai, no_profile
from tests.providers.bedrock import BedrockServer
from tests.providers.loopback import LoopbackServer, RecordedRequest
from tests.providers.openai import OpenAIServer
from tests.providers.script import Called, Fault, Script
from tests.providers.strict import mistakes
from tests.serving import Server, serve
from tests.sse import frames

CHAINS = {"openai": (GPT, "gpt-4.1-mini"), "bedrock": (NOVA, "us.amazon.nova-micro-v1:0")}
TEXT = "Hello world."
TOOL = {"type": "function", "function": {"name": "order-status", "parameters": {"type": "object", "properties": {}}}}
CALLING = Script(
    tokens=(), calls=(Called("order-status", '{"order": "17"}'), Called("order-status", '{"order": "18"}'))
)


@dataclass
class Stage:
    """A desk over one provider of two models."""

    kind: str
    desk: Server
    provider: LoopbackServer
    client: httpx.Client

    def play(self, script: Script) -> None:
        """Answer like that, and forget what was asked."""
        self.provider.script = script
        self.provider.requests.clear()

    def play_first(self, script: Script) -> None:
        """Answer like that, by the first model alone."""
        first = CHAINS[self.kind][0].split(":")[0]

        def by_model(request: RecordedRequest) -> Script:
            return script if first in (request.body or {}).get("model", request.path) else Script()

        self.provider.script = by_model

    @property
    def body(self) -> dict[str, Any]:
        """What the provider was asked last."""
        return dict(self.provider.requests[-1].body)

    def post(self, path: str, **asked: object) -> dict[str, Any]:
        return dict(self.client.post(f"/api/llm/{path}", json=asked).raise_for_status().json())

    def stream(self, path: str, **asked: object) -> list[dict[str, Any]]:
        with self.client.stream("POST", f"/api/llm/{path}/stream", json=asked) as response:
            return [frame for _, frame in frames(response)]


@pytest.fixture(scope="module", params=list(CHAINS))
def opened(request: pytest.FixtureRequest, indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    kind = str(request.param)
    base = tmp_path_factory.mktemp(kind)
    data = Path(shutil.copytree(indexed, base / "data"))
    with ExitStack() as stack:
        provider: LoopbackServer = stack.enter_context(OpenAIServer() if kind == "openai" else BedrockServer())
        settings: dict[str, Any] = at_openai(provider) if kind == "openai" else at_bedrock(provider)
        settings |= {**PATIENT, **no_profile(base), "SUPERVISOR_MODEL": "embedded"}
        settings |= {"WORKER_MODEL": ",".join(f"{kind}:{model}" for model in CHAINS[kind])}
        desk = stack.enter_context(serve(data, **settings))
        yield Stage(kind, desk, provider, stack.enter_context(desk.client()))


@pytest.fixture
def stage(opened: Stage) -> Stage:
    opened.play(Script())
    return opened


def hello(**more: object) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "Hello?"}], **more}


def joined(calls: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Calls put together from their parts: id, name, arguments."""
    whole: dict[int, list[str]] = {}
    for part in calls:
        call = whole.setdefault(part["index"], [part.get("id", ""), part.get("name", ""), ""])
        call[2] += part["arguments"]
    return [(identity, name, arguments) for identity, name, arguments in whole.values()]


def test_the_answer_is_the_same_whole_and_streamed_and_is_counted(stage: Stage) -> None:
    whole = stage.post("chat", **hello())
    *tokens, done = stage.stream("chat", **hello())
    run = stage.client.get(f"/runs/{done['run_id']}").json()
    assert (whole["content"], whole["tool_calls"], whole["finish_reason"]) == (TEXT, [], "stop")
    assert "".join(frame["content"] for frame in tokens) == TEXT
    assert (done["done"], done["usage"], done["tool_calls"]) == (True, whole["usage"], [])
    assert (run["answer"], run["usage"], run["agent_id"]) == (TEXT, done["usage"], "llm")
    assert run["cost_usd"] == pytest.approx(done["cost_usd"])
    assert done["cost_usd"] > 0
    assert done["usage"]["completion"] == 3


def test_how_tokens_are_drawn_reaches_the_provider(stage: Stage) -> None:
    stage.post("chat", **hello(temperature=0.5, top_p=0.75, max_tokens=50))
    drawn = stage.body.get("inferenceConfig") or stage.body
    seen = {name: value for name, value in drawn.items() if name not in ("messages", "model", "stream")}
    assert (seen["temperature"], seen.get("topP", seen.get("top_p"))) == (0.5, 0.75)
    assert 50 in (seen.get("maxTokens"), seen.get("max_tokens"), seen.get("max_completion_tokens"))


def test_calls_of_tools_stream_in_parts_and_their_results_go_back(stage: Stage) -> None:
    stage.play(CALLING)
    *parts, done = stage.stream("chat", **hello(tools=[TOOL], tool_choice="required"))
    calls = done["tool_calls"]
    assert joined([part["tool_call"] for part in parts]) == [
        (call["id"], "order-status", call["arguments"]) for call in calls
    ]
    assert [call["arguments"] for call in calls] == ['{"order": "17"}', '{"order": "18"}']
    assert done["finish_reason"] == "tool_calls"
    stage.play(Script())
    results = [{"role": "tool", "tool_call_id": call["id"], "content": f"result {call['id']}"} for call in calls]
    messages = [*hello()["messages"], {"role": "assistant", "tool_calls": calls}, *results]
    assert stage.post("chat", messages=messages, tools=[TOOL])["content"] == TEXT
    assert mistakes(stage.body) == []
    assert all(f"result {call['id']}" in str(stage.body) for call in calls)


def test_a_session_remembers_its_calls_results_and_instructions(stage: Stage) -> None:
    stage.play(CALLING)
    asked = stage.post("chat/session", session_id="tools", message="Orders?", system_prompt="Be brief.", tools=[TOOL])
    assert [call["name"] for call in asked["tool_calls"]] == ["order-status"] * 2
    stage.play(Script())
    results = [{"tool_call_id": call["id"], "content": f"result {call['id']}"} for call in asked["tool_calls"]]
    *_, done = stage.stream("chat/session", session_id="tools", tool_results=results, tools=[TOOL])
    assert done["session_id"] == asked["session_id"] == "tools"
    for more in ({"tools": [TOOL]}, {}):
        assert stage.post("chat/session", session_id="tools", message="And?", **more)["content"] == TEXT
        assert mistakes(stage.body) == []
        assert all(text in str(stage.body) for text in ("Be brief.", "Orders?", TEXT, results[0]["content"]))


@pytest.mark.parametrize("answered", [0, 1])
def test_calls_that_nobody_answers_make_no_conversation_that_a_provider_refuses(stage: Stage, answered: int) -> None:
    session = f"unanswered-{answered}"
    stage.play(CALLING)
    calls = stage.post("chat/session", session_id=session, message="Orders?", tools=[TOOL])["tool_calls"]
    stage.play(Script())
    results = [{"tool_call_id": call["id"], "content": "found"} for call in calls[:answered]]
    asked = {"session_id": session, "message": "Never mind", "tool_results": results, "tools": [TOOL]}
    assert stage.post("chat/session", **asked)["content"] == TEXT
    assert mistakes(stage.body) == []
    assert str(stage.body).count("(no result)") == len(calls) - answered


def test_a_result_of_no_call_is_refused_and_the_session_goes_on(stage: Stage) -> None:
    asked = {"session_id": "stray", "tool_results": [{"tool_call_id": "none", "content": "found"}]}
    whole = stage.client.post("/api/llm/chat/session", json=asked)
    (frame,) = stage.stream("chat/session", **asked)
    assert (whole.status_code, whole.json()["error"]["code"]) == (422, "tool_result_unknown")
    assert frame["error"] == whole.json()["error"]
    assert stage.provider.requests == []
    assert stage.post("chat/session", session_id="stray", message="Hello?")["content"] == TEXT
    assert mistakes(stage.body) == []


def test_a_turn_that_was_cancelled_is_remembered_as_far_as_it_came(stage: Stage) -> None:
    stage.play(Script(fault=Fault.STALL, at=2))
    asked = {"session_id": "cancelled", "message": "Tell me"}
    with stage.client.stream("POST", "/api/llm/chat/session/stream", json=asked) as response:
        told = frames(response)
        assert [next(told)[1]["content"] for _ in range(2)] == ["Hello", " world"]
        run_id = response.headers["X-Generation-ID"]
        stage.client.post(f"/runs/{run_id}/cancel").raise_for_status()
        assert [frame for _, frame in told] == [{"cancelled": True, "run_id": run_id}]
    stage.play(Script())
    assert stage.post("chat/session", session_id="cancelled", message="Go on")["content"] == TEXT
    assert mistakes(stage.body) == []
    assert "'Hello world'" in str(stage.body)


@pytest.mark.parametrize(
    "script", [Script(fault=Fault.RESET, at=2), Script(CALLING.tokens, Fault.RESET, 3, calls=CALLING.calls)]
)
def test_what_broke_off_is_withdrawn_and_the_next_model_answers_whole(stage: Stage, script: Script) -> None:
    stage.play_first(script)
    told = stage.stream("chat", **hello(tools=[TOOL]))
    (reset,) = (place for place, frame in enumerate(told) if "reset" in frame)
    assert reset > 0
    assert "".join(frame["content"] for frame in told[reset + 1 : -1]) == TEXT
    assert (told[-1]["done"], told[-1]["tool_calls"]) == (True, [])


def test_what_every_run_took_is_what_its_user_has_spent(stage: Stage) -> None:
    stage.post("chat", **hello())
    with closing(sqlite3.connect(f"file:{stage.desk.data_dir}/desk.db?mode=ro", uri=True)) as db:
        spent = db.execute("SELECT user_id, sum(tokens), sum(cost_usd) FROM spending").fetchone()
        taken = db.execute("SELECT sum(prompt_tokens + completion_tokens), sum(cost_usd) FROM runs").fetchone()
    assert (spent[0], spent[1]) == ("local", taken[0])
    assert spent[2] == pytest.approx(taken[1])
    assert spent[1] > 0
