"""What llama.cpp does with the client the desk uses: its stream, its prompt cache, a closed stream, its start."""

import os
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI

from tests.llama import LlamaServer, llama_server, starting_llama_server

RULES = "\n".join(f"Rule {number}: answer a question about invoices only from the documents." for number in range(60))
LONG = 4000  # tokens to answer with: more than a minute of work, so that who waits for their end is seen to wait


@pytest.fixture(scope="module")
def llama() -> Iterator[LlamaServer]:
    """One server for the tests of this module."""
    with llama_server() as running:
        yield running


def model(llama: LlamaServer, **options: Any) -> ChatOpenAI:
    return ChatOpenAI(
        base_url=llama.url,
        model=llama.alias,
        api_key="none",
        max_retries=0,
        stream_usage=True,
        temperature=0,
        **options,
    )


async def answer(chat: ChatOpenAI, messages: list[BaseMessage]) -> tuple[AIMessageChunk, float]:
    """The whole answer, and the seconds until its first text."""
    started = time.monotonic()
    first = None
    whole = AIMessageChunk(content="")
    async for chunk in chat.astream(messages):
        assert isinstance(chunk, AIMessageChunk)
        if first is None and chunk.text:
            first = time.monotonic() - started
        whole += chunk
    assert first is not None
    return whole, first


async def test_an_answer_is_streamed_with_its_reason_and_usage(llama: LlamaServer) -> None:
    whole, _ = await answer(model(llama, max_tokens=8), [HumanMessage("Count from one to twenty.")])
    assert whole.response_metadata["finish_reason"] == "length"
    assert whole.response_metadata["model_name"] == llama.alias
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["output_tokens"] == 8
    assert whole.usage_metadata["input_tokens"] > 8


async def test_a_prefix_seen_before_is_not_read_again(llama: LlamaServer) -> None:
    chat = model(llama, max_tokens=4)
    first, slow = await answer(chat, [SystemMessage(RULES), HumanMessage("Who pays?")])
    second, fast = await answer(chat, [SystemMessage(RULES), HumanMessage("When is it due?")])
    assert cached(first) < 0.1 * read(first)
    assert cached(second) > 0.9 * read(second)
    assert fast < slow / 3


def read(whole: AIMessageChunk) -> int:
    """How many tokens the prompt has, those out of the cache among them."""
    assert whole.usage_metadata is not None
    return whole.usage_metadata["input_tokens"]


def cached(whole: AIMessageChunk) -> int:
    """llama.cpp's `usage.prompt_tokens_details.cached_tokens`, as LangChain calls it."""
    assert whole.usage_metadata is not None
    return whole.usage_metadata["input_token_details"]["cache_read"]


async def test_a_closed_stream_frees_the_slot(llama: LlamaServer) -> None:
    endless = model(llama, max_tokens=LONG, extra_body={"ignore_eos": True})
    stream = cast(AsyncGenerator[AIMessageChunk], endless.astream([HumanMessage("Tell me a story.")]))
    async with aclosing(stream):
        async for chunk in stream:
            if chunk.text:
                break
        assert llama.busy()
    started = time.monotonic()
    await answer(model(llama, max_tokens=2), [HumanMessage("Hello")])
    assert time.monotonic() - started < 20


def test_a_server_that_loads_its_model_answers_503(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "held.gguf")
    with starting_llama_server(model=tmp_path / "held.gguf") as (starting, _), starting.client() as client:
        for path in ("/health", "/v1/models"):
            response = when_it_listens(client, path)
            assert response.status_code == httpx.codes.SERVICE_UNAVAILABLE
            assert response.json()["error"]["message"] == "Loading model"


def when_it_listens(client: httpx.Client, path: str) -> httpx.Response:
    """The first answer to come at all; the test's own time limit bounds the wait."""
    while True:
        try:
            return client.get(path)
        except httpx.ConnectError:
            time.sleep(0.05)  # polls for a condition
