"""Chunks of the real clients, read in one form; and the estimate where nobody counted."""

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, HumanMessage, SystemMessage

from agents.models.chunks import ModelChunk, estimate_usage, piece_of
from agents.models.failures import FailureKind
from agents.models.streaming_call import ModelRequest
from frontdesk.contracts.events import Usage
from tests.agents.models.upstream import QUESTION, Upstream, hear
from tests.providers.clients import TOKENS, TOOL
from tests.providers.script import Usage as Reported


async def test_a_stream_is_its_tokens_one_finish_and_one_count(upstream: Upstream) -> None:
    heard = await hear(upstream.model())
    assert tuple(piece.text for piece in heard.pieces if piece.text) == TOKENS
    assert [piece.finish for piece in heard.pieces if piece.finish] == ["stop"]
    assert [piece.usage for piece in heard.pieces if piece.usage] == [Usage(prompt=100, completion=5, total=105)]
    assert not any(piece.arguments for piece in heard.pieces)


async def test_a_whole_answer_is_one_piece(upstream: Upstream) -> None:
    heard = await hear(upstream.model(), ModelRequest(QUESTION, whole=True))
    assert heard.pieces == [ModelChunk("".join(TOKENS), "", Usage(prompt=100, completion=5, total=105), "stop")]


@pytest.mark.parametrize("whole", [True, False])
async def test_a_cut_short_answer_says_so(upstream: Upstream, whole: bool) -> None:
    upstream.play(TOKENS, finish="length")
    heard = await hear(upstream.model(), ModelRequest(QUESTION, whole=whole))
    assert [piece.finish for piece in heard.pieces if piece.finish] == ["length"]


@pytest.mark.parametrize("finish", ["content_filter", "something_new"])
async def test_an_answer_that_something_else_cut_off_is_none(upstream: Upstream, finish: str) -> None:
    upstream.play(TOKENS, finish=finish)
    heard = await hear(upstream.model())
    assert heard.failure
    assert heard.failure.kind is FailureKind.BAD_ANSWER
    assert finish not in str(heard.failure)


@pytest.mark.parametrize("whole", [True, False])
async def test_cached_tokens_are_part_of_the_prompt(bedrock: Upstream, openai: Upstream, whole: bool) -> None:
    bedrock.play(TOKENS, usage=Reported(prompt=100, cached=40, cache_written=10))
    openai.play(TOKENS, usage=Reported(prompt=100, cached=40))
    for upstream, written in ((bedrock, 10), (openai, 0)):
        heard = await hear(upstream.model(), ModelRequest(QUESTION, whole=whole))
        expected = Usage(prompt=100, completion=5, total=105, cached=40, cache_written=written)
        assert [piece.usage for piece in heard.pieces if piece.usage] == [expected]


async def test_a_form_that_was_filled_in_is_json(upstream: Upstream) -> None:
    upstream.play(TOKENS, tool_input={"department": "bílling", "sure": 0.5})
    heard = await hear(upstream.model(), ModelRequest(QUESTION, tool=TOOL))
    assert heard.text == ""
    arguments = "".join(piece.arguments for piece in heard.pieces)
    assert json.loads(arguments) == {"department": "bílling", "sure": 0.5}
    assert heard.failure is None


def test_pieces_of_a_form_join_to_its_json() -> None:
    def part(text: str | None) -> AIMessageChunk:
        return AIMessageChunk(content="", tool_call_chunks=[{"name": None, "args": text, "id": None, "index": 0}])

    assert "".join(piece_of(part(text)).arguments for text in (None, '{"a"', ": 1}")) == '{"a": 1}'


@pytest.mark.parametrize(
    ("metadata", "finish"),
    [
        ({}, None),
        ({"finish_reason": None}, None),
        ({"finish_reason": "stop"}, "stop"),
        ({"finish_reason": "tool_calls"}, "stop"),
        ({"finish_reason": "length"}, "length"),
        ({"stopReason": "end_turn"}, "stop"),
        ({"stopReason": "max_tokens"}, "length"),
        ({"stopReason": "model_context_window_exceeded"}, "length"),
    ],
)
def test_the_reason_for_the_end_is_read_from_either_provider(metadata: dict[str, Any], finish: str | None) -> None:
    assert piece_of(AIMessage("x", response_metadata=metadata)).finish == finish


def test_content_in_blocks_is_its_text() -> None:
    blocks: list[str | dict[Any, Any]] = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert piece_of(AIMessageChunk(content=blocks)).text == "ab"
    assert piece_of(AIMessageChunk(content="")) == ModelChunk()


async def test_bedrock_is_told_where_a_stable_prefix_ends(bedrock: Upstream, openai: Upstream) -> None:
    for stable in (True, False):
        await hear(bedrock.model(), ModelRequest(QUESTION, stable_prefix=stable))
        await hear(openai.model(), ModelRequest(QUESTION, stable_prefix=stable))
    cached, plain = (request.body["system"] for request in bedrock.chats)
    assert cached == [{"text": "You answer."}, {"cachePoint": {"type": "default"}}]
    assert plain == [{"text": "You answer."}]
    assert openai.chats[0].body["messages"] == openai.chats[1].body["messages"]


@pytest.mark.parametrize(
    ("said", "completion"), [("", 0), ("a", 1), ("four", 1), ("fiver", 2), ("x" * 400, 100), ("9.99", 5), ("如何", 2)]
)
def test_an_estimate_counts_every_text_of_a_call(said: str, completion: int) -> None:
    messages: list[AnyMessage] = [SystemMessage("x" * 11), HumanMessage("y" * 12)]
    expected = Usage(prompt=6, completion=completion, total=6 + completion, estimated=True)
    assert estimate_usage(messages, said) == expected


def test_the_sum_with_an_estimate_is_an_estimate() -> None:
    counted = Usage(prompt=1, completion=1, total=2)
    assert (counted + estimate_usage([], "x")).estimated
    assert not (counted + counted).estimated
