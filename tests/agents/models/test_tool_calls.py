"""Tool calls of both providers and of a server of one's own, read in one form; and what is asked along with them."""

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk

from agents.models.bedrock.provider import BedrockProvider
from agents.models.bedrock.tools import plain_names
from agents.models.chunks import ToolCallFragment
from agents.models.failures import FailureKind
from agents.models.model_name import parse_model
from agents.models.openai.provider import OpenAIProvider
from agents.models.streaming_call import ModelRequest
from agents.models.tool_calls import ToolCallReader
from agents.settings import AgentSettings
from tests.agents.models.upstream import QUESTION, Heard, Upstream, hear
from tests.providers.clients import TOKENS
from tests.providers.script import Called, Fault

SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {"in_city": {"type": "string"}},
    "required": ["in_city"],
    "additionalProperties": False,
}
PLAIN_SCHEMA = {name: SCHEMA[name] for name in ("type", "properties", "required")}
WEATHER = {"type": "function", "function": {"name": "get-weather", "description": "Rain?", "parameters": SCHEMA}}
CLOCK = {"type": "function", "function": {"name": "get_weather"}}
TOOLS = (WEATHER, CLOCK)
CALLED = (
    HumanMessage("Does it rain?"),
    AIMessage("I look.", tool_calls=[{"name": "get-weather", "args": {"in_city": "Ulm"}, "id": "call_a"}]),
    ToolMessage("It rains.", tool_call_id="call_a"),
)


def whole_calls(heard: Heard) -> list[tuple[str | None, str]]:
    """Name and arguments of each call, joined by its number."""
    joined: dict[int, tuple[str | None, str]] = {}
    for part in (part for piece in heard.pieces for part in piece.calls):
        name, arguments = joined.get(part.index, (part.name, ""))
        joined[part.index] = (name, arguments + part.arguments)
    return [joined[index] for index in sorted(joined)]


@pytest.fixture(params=["bedrock", "openai", "own"])
def anyone(request: pytest.FixtureRequest, bedrock: Upstream, openai: Upstream, own: Upstream) -> Upstream:
    """Each kind of server in turn."""
    return {"bedrock": bedrock, "openai": openai, "own": own}[request.param]


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("tokens", [TOKENS, ()])
async def test_calls_stand_behind_the_text_with_the_names_that_the_caller_gave(
    anyone: Upstream, tokens: tuple[str, ...], whole: bool
) -> None:
    offered = ("get_weather_2", "get_weather") if anyone.name.provider == "bedrock" else ("get_weather", "get-weather")
    anyone.play(tokens, calls=(Called(offered[1], '{"in_city": "Ulm"}'), Called(offered[0], "{}")))
    heard = await hear(anyone.model(), ModelRequest(QUESTION, tools=TOOLS, whole=whole))
    assert heard.failure is None
    assert heard.text == "".join(tokens)
    assert whole_calls(heard) == [("get-weather", '{"in_city": "Ulm"}'), ("get_weather", "{}")]
    assert [piece.finish for piece in heard.pieces if piece.finish] == ["tool_calls"]
    parts = [part for piece in heard.pieces for part in piece.calls]
    assert len({part.id for part in parts if part.id}) == 2
    assert sum(part.id is not None for part in parts) == sum(part.name is not None for part in parts) == 2
    assert not any(piece.arguments for piece in heard.pieces)


async def test_an_answer_without_calls_ends_as_ever(anyone: Upstream) -> None:
    heard = await hear(anyone.model(), ModelRequest(QUESTION, tools=TOOLS))
    assert heard.text == "".join(TOKENS)
    assert [piece.finish for piece in heard.pieces if piece.finish] == ["stop"]


async def test_only_who_may_be_silent_may_be(anyone: Upstream) -> None:
    anyone.play(())
    silent = await hear(anyone.model(), ModelRequest(QUESTION))
    assert silent.failure
    assert silent.failure.kind is FailureKind.BAD_ANSWER
    assert (await hear(anyone.model(), ModelRequest(QUESTION, may_be_silent=True))).failure is None


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.NO_FINISH, Fault.EXCEPTION])
async def test_a_call_that_breaks_off_is_a_failure(anyone: Upstream, fault: Fault) -> None:
    anyone.play((), fault, 2, calls=(Called("get_weather", '{"in_city": "Ulm"}'),))
    heard = await hear(anyone.model(), ModelRequest(QUESTION, tools=TOOLS))
    assert heard.failure
    assert heard.failure.kind is FailureKind.BROKEN


async def test_nova_is_shown_tools_as_it_takes_them(bedrock: Upstream) -> None:
    await hear(bedrock.model(), ModelRequest(CALLED, tools=TOOLS))
    body = bedrock.chats[0].body
    specs = [tool["toolSpec"] for tool in body["toolConfig"]["tools"]]
    assert specs == [
        {"name": "get_weather", "description": "Rain?", "inputSchema": {"json": PLAIN_SCHEMA}},
        {
            "name": "get_weather_2",
            "description": "get_weather_2",
            "inputSchema": {"json": {"type": "object", "properties": {}}},
        },
    ]
    said, result = body["messages"][1:]
    use = {"toolUseId": "call_a", "name": "get_weather", "input": {"in_city": "Ulm"}}
    assert said["content"] == [{"text": "I look."}, {"toolUse": use}]
    assert result["content"][0]["toolResult"]["toolUseId"] == "call_a"


def test_other_models_of_bedrock_see_tools_as_they_are() -> None:
    provider = BedrockProvider(parse_model("bedrock:us.anthropic.claude-haiku-4-5-20251001-v1:0"), AgentSettings())
    request = provider.convert_request(ModelRequest(CALLED, tools=TOOLS, temperature=0.5, top_p=0.9))
    assert request.options["tools"][0]["toolSpec"]["name"] == "get-weather"
    assert request.options["tools"][0]["toolSpec"]["inputSchema"] == {"json": SCHEMA}
    assert request.options["temperature"] == 0.5
    assert "top_p" not in request.options


@pytest.mark.parametrize(
    ("choice", "converse", "openai_choice"),
    [
        (None, None, "auto"),
        ("auto", None, "auto"),
        ("required", {"any": {}}, "required"),
        ("get-weather", {"tool": {"name": "get_weather"}}, {"type": "function", "function": {"name": "get-weather"}}),
    ],
)
async def test_the_choice_of_a_tool_is_told_to_both(
    bedrock: Upstream, openai: Upstream, choice: str | None, converse: Any, openai_choice: Any
) -> None:
    for upstream in (bedrock, openai):
        await hear(upstream.model(), ModelRequest(QUESTION, tools=TOOLS, tool_choice=choice))
    assert bedrock.chats[0].body["toolConfig"].get("toolChoice") == converse
    assert openai.chats[0].body["tool_choice"] == openai_choice
    assert openai.chats[0].body["tools"] == [WEATHER, CLOCK]


async def test_where_no_tool_may_be_called_converse_is_told_of_earlier_calls_in_words(
    bedrock: Upstream, openai: Upstream
) -> None:
    for upstream in (bedrock, openai):
        upstream.play(TOKENS, calls=(Called("get_weather"),))
        heard = await hear(upstream.model(), ModelRequest(CALLED, tools=TOOLS, tool_choice="none"))
        assert heard.text == "".join(TOKENS)
    body = bedrock.chats[0].body
    assert "toolConfig" not in body
    assert 'get-weather with {"in_city": "Ulm"}' in body["messages"][1]["content"][0]["text"]
    assert "It rains." in body["messages"][2]["content"][0]["text"]
    assert openai.chats[0].body["messages"][2] == {"role": "tool", "tool_call_id": "call_a", "content": "It rains."}


@pytest.mark.parametrize(
    ("wishes", "config", "top_k"),
    [
        ({}, {"temperature": 0, "maxTokens": 1024}, 1),
        ({"temperature": 0.0}, {"temperature": 0, "maxTokens": 1024}, 1),
        ({"temperature": 1.5, "max_tokens": 7}, {"temperature": 1, "maxTokens": 7}, 50),
        ({"top_p": 0.5}, {"temperature": 1, "topP": 0.5, "maxTokens": 1024}, 50),
    ],
)
async def test_nova_draws_tokens_as_it_is_told(
    bedrock: Upstream, wishes: dict[str, Any], config: dict[str, Any], top_k: int
) -> None:
    await hear(bedrock.model(), ModelRequest(QUESTION, **wishes))
    body = bedrock.chats[0].body
    assert body["inferenceConfig"] == config
    assert body["additionalModelRequestFields"] == {"inferenceConfig": {"topK": top_k}}


@pytest.mark.parametrize(
    ("model", "wishes", "sent"),
    [
        ("gpt-4o-mini", {}, {"temperature": 0, "max_completion_tokens": 1024}),
        ("gpt-4o-mini", {"temperature": 0.7, "top_p": 0.5}, {"temperature": 0.7, "top_p": 0.5}),
        ("gpt-4o-mini", {"top_p": 0.5, "max_tokens": 7}, {"temperature": 1, "max_completion_tokens": 7}),
        ("gpt-5.2", {"temperature": 0.7}, {"temperature": 0.7, "reasoning_effort": "none"}),
        ("gpt-5-mini", {"temperature": 0.7, "top_p": 0.5}, {"temperature": None, "top_p": None}),
        ("o4-mini", {"temperature": 0.7, "max_tokens": 7}, {"temperature": None, "max_completion_tokens": 7}),
    ],
)
async def test_openai_draws_tokens_as_it_is_told_where_the_model_can(
    openai: Upstream, model: str, wishes: dict[str, Any], sent: dict[str, Any]
) -> None:
    await hear(openai.model(name=parse_model(f"openai:{model}")), ModelRequest(QUESTION, **wishes))
    body = openai.chats[0].body
    assert {name: body.get(name) for name in sent} == sent


async def test_a_server_of_ones_own_is_told_as_it_knows_it(own: Upstream) -> None:
    await hear(own.model(), ModelRequest(QUESTION, temperature=0.7, top_p=0.5, max_tokens=7))
    body = own.chats[0].body
    assert (body["temperature"], body["top_p"], body["max_tokens"]) == (0.7, 0.5, 7)
    assert OpenAIProvider(own.name, AgentSettings()).convert_request(ModelRequest((SystemMessage("x"),))).options == {}


def test_plain_names_are_told_apart() -> None:
    own = ["a-b", "a_b", "a.b", "1st", "é", "x" * 70, "x" * 80]
    plain = plain_names(own)
    assert list(plain.values())[:5] == ["a_b", "a_b_2", "a_b_3", "t_1st", "t__"]
    assert len(set(plain.values())) == len(own)
    assert max(map(len, plain.values())) <= 64


def chunk(*parts: ToolCallChunk) -> AIMessageChunk:
    return AIMessageChunk(content="", tool_call_chunks=list(parts))


def test_servers_that_count_oddly_are_understood() -> None:
    calls = ToolCallReader({})
    # Every call is the first, and each part repeats its id.
    first = calls.read_message(chunk(tool_call_chunk(name="f", args="{", id="a", index=0)))
    rest = calls.read_message(chunk(tool_call_chunk(name="f", args="}", id="a", index=0)))
    second = calls.read_message(chunk(tool_call_chunk(name="g", args="{}", id="b", index=0)))
    assert [*first, *rest, *second] == [
        ToolCallFragment(0, "a", "f", "{"),
        ToolCallFragment(0, arguments="}"),
        ToolCallFragment(1, "b", "g", "{}"),
    ]
    # No id at all, or one that another call has.
    nameless = calls.read_message(chunk(tool_call_chunk(name="h", args="", id=None, index=5)))
    twice = calls.read_message(chunk(tool_call_chunk(name="i", args="", id="a", index=6)))
    assert len({"a", "b", nameless[0].id, twice[0].id}) == 4


def test_a_whole_call_with_broken_arguments_is_heard_too() -> None:
    broken = {"name": "f", "args": '{"a', "id": "x", "error": None, "type": "invalid_tool_call"}
    message = AIMessage("", invalid_tool_calls=[broken], tool_calls=[{"name": "g", "args": {}, "id": "y"}])
    assert [(part.name, part.arguments) for part in ToolCallReader({}).read_message(message)] == [
        ("g", json.dumps({})),
        ("f", '{"a'),
    ]
