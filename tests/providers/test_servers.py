"""The loopback providers, seen by the real clients: whole answers, tool calls, clients that leave, many at once."""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, closing
from typing import Any

import httpx
import openai
import pytest
from langchain_aws import ChatBedrockConverse
from langchain_openai import ChatOpenAI

from tests.providers.bedrock import BedrockServer
from tests.providers.clients import NOVA, TOKENS, TOOL, converse, read, whole
from tests.providers.loopback import LoopbackServer, RecordedRequest
from tests.providers.openai import OpenAIServer
from tests.providers.script import Fault, Script, Usage


def test_bedrock_whole(bedrock: BedrockServer, nova: ChatBedrockConverse) -> None:
    bedrock.script = Script(TOKENS, usage=Usage(prompt=100, cached=40, cache_written=10), finish="length")
    streamed, answer = whole(nova), nova.invoke("Hello?")
    for message in (streamed, answer):
        assert message.text == "".join(TOKENS)
        assert message.response_metadata["stopReason"] == "max_tokens"
        assert message.usage_metadata == {
            "input_tokens": 100,
            "output_tokens": 5,
            "total_tokens": 105,
            "input_token_details": {"cache_read": 40, "cache_creation": 10},
        }
    request = bedrock.requests[0]
    assert (request.method, request.path) == ("POST", "/model/us.amazon.nova-lite-v1%3A0/converse-stream")
    assert request.headers["x-amz-security-token"] == "session"
    assert request.body["messages"][0]["content"] == [{"text": "Hello?"}]
    assert request.finished.is_set()
    assert not request.closed.is_set()


def test_openai_whole(stub: OpenAIServer, chat: ChatOpenAI) -> None:
    stub.script = Script(TOKENS, usage=Usage(prompt=100, cached=40), finish="length")
    for message in (whole(chat), chat.invoke("Hello?")):
        assert message.text == "".join(TOKENS)
        assert message.response_metadata["finish_reason"] == "length"
        usage: Any = message.usage_metadata
        assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (100, 5, 105)
        assert usage["input_token_details"] == {"cache_read": 40}
    assert [request.path for request in stub.requests] == ["/v1/chat/completions"] * 2
    assert stub.requests[0].headers["authorization"] == "Bearer sk-loopback"


def test_no_usage(bedrock: BedrockServer, nova: ChatBedrockConverse, stub: OpenAIServer, chat: ChatOpenAI) -> None:
    bedrock.script = stub.script = Script(TOKENS, usage=None)
    assert whole(nova).usage_metadata is None
    assert whole(chat).usage_metadata is None
    assert chat.invoke("Hello?").usage_metadata is None


@pytest.mark.parametrize("choice", ["auto", "any", "route"])
def test_bedrock_tool_call(bedrock: BedrockServer, nova: ChatBedrockConverse, choice: str) -> None:
    bedrock.script = Script(tool_input={"department": "bílling"})
    bound = nova.bind_tools([TOOL], tool_choice=choice)
    answer = bound.invoke("Hello?")
    streamed = whole(bound)
    for message in (answer, streamed):
        assert [(call["name"], call["args"]) for call in message.tool_calls] == [("route", {"department": "bílling"})]
        assert message.response_metadata["stopReason"] == "tool_use"
    assert answer.tool_calls[0]["id"] != streamed.tool_calls[0]["id"]
    expected = {"tool": {"name": choice}} if choice == "route" else {choice: {}}
    assert bedrock.requests[0].body["toolConfig"]["toolChoice"] == expected


def test_openai_tool_call(stub: OpenAIServer, chat: ChatOpenAI) -> None:
    stub.script = Script(tool_input={"department": "bílling"})
    bound = chat.bind_tools([TOOL], tool_choice="route")
    for message in (whole(bound), bound.invoke("Hello?")):
        assert [(call["name"], call["args"]) for call in message.tool_calls] == [("route", {"department": "bílling"})]
        assert message.response_metadata["finish_reason"] == "tool_calls"
    assert chat.invoke("Without tools?").text == "Hello world."


def test_script_by_request(stub: OpenAIServer, chat: ChatOpenAI) -> None:
    def by_question(request: RecordedRequest) -> Script:
        return Script((request.body["messages"][0]["content"].upper(),))

    stub.script = by_question
    assert chat.invoke("Who?").text == "WHO?"


@pytest.mark.parametrize("script", [Script(TOKENS, Fault.STALL, 2), Script(TOKENS, gap_seconds=10)])
def test_bedrock_client_that_leaves(bedrock: BedrockServer, script: Script) -> None:
    bedrock.script = script
    with closing(converse(bedrock.url, read_timeout=30).stream("Hello?")) as stream:  # type: ignore[type-var]
        for part in stream:
            if part.text:
                break
        request = bedrock.wait_for_requests(1)[0]
        assert not request.closed.is_set()
        assert bedrock.connections >= 1
    left = time.monotonic()
    assert bedrock.wait_until_closed(request) - left < 0.5
    assert not request.finished.is_set()
    assert request.sent_tokens < len(TOKENS)


@pytest.mark.parametrize("script", [Script(TOKENS, Fault.STALL, 2), Script(TOKENS, gap_seconds=10)])
async def test_openai_client_that_leaves(stub: OpenAIServer, chat: ChatOpenAI, script: Script) -> None:
    stub.script = script
    async with aclosing(chat.astream("Hello?")) as stream:  # type: ignore[type-var]
        async for part in stream:
            if part.text:
                break
        request = stub.wait_for_requests(1)[0]
        assert not request.closed.is_set()
    left = time.monotonic()
    assert await asyncio.to_thread(stub.wait_until_closed, request) - left < 0.5
    assert not request.finished.is_set()


def test_bedrock_hundred_streams(bedrock: BedrockServer) -> None:
    bedrock.script = Script(TOKENS, first_token_seconds=0.5, gap_seconds=0.1)
    model = converse(bedrock.url, read_timeout=20)
    began = time.monotonic()
    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: read(model), range(100)))
    assert answers == [("".join(TOKENS), None)] * 100
    assert time.monotonic() - began < 10  # one after the other they take 90 seconds


async def test_openai_hundred_streams(stub: OpenAIServer) -> None:
    stub.script = Script(TOKENS, first_token_seconds=0.5, gap_seconds=0.1)
    body = {"model": "stub-model", "messages": [{"role": "user", "content": "Hello?"}]}
    began = time.monotonic()
    async with openai.AsyncOpenAI(api_key="sk-loopback", base_url=stub.url + "/v1", max_retries=0) as client:

        async def ask() -> str:
            stream: Any = await client.chat.completions.create(**body, stream=True)  # type: ignore[call-overload]
            return "".join([part.choices[0].delta.content or "" async for part in stream])

        answers = await asyncio.gather(*(ask() for _ in range(100)))
    assert answers == ["".join(TOKENS)] * 100
    assert time.monotonic() - began < 10


async def test_three_hundred_connections(stub: OpenAIServer) -> None:
    stub.script = Script(TOKENS, Fault.HANG)
    sockets = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", stub.port) for _ in range(300)))
    for _, writer in sockets:
        writer.write(b"GET /health HTTP/1.1\r\n\r\n")
    requests = await asyncio.to_thread(stub.wait_for_requests, 300)
    assert stub.connections >= 300
    for _, writer in sockets:
        writer.close()
    for request in requests:
        await asyncio.to_thread(stub.wait_until_closed, request)


def test_connections_are_those_open_now() -> None:
    with OpenAIServer() as server:
        with httpx.Client(base_url=server.url, trust_env=False) as client:
            assert [client.get("/health").status_code for _ in range(3)] == [200, 200, 200]
            assert server.connections == 1
        deadline = time.monotonic() + 2
        while server.connections and time.monotonic() < deadline:
            time.sleep(0.01)  # polls for a condition; the deadline above bounds it
        assert server.connections == 0


async def _exchange(server: LoopbackServer, path: str, *bodies: dict[str, Any], answers: int = 1) -> bytes:
    """Send requests at once on a raw connection; read until the server ends it or the last answer is whole."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for body in map(json.dumps, bodies):
        writer.write(f"POST {path} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    received = b""
    async with asyncio.timeout(5):
        while received.count(b'"total_tokens"') < answers and (data := await reader.read(65536)):
            received += data
    writer.close()
    await writer.wait_closed()
    return received


@pytest.mark.parametrize("at", [0, 3, 5])
async def test_a_cut_is_inside_a_frame(bedrock: BedrockServer, stub: OpenAIServer, at: int) -> None:
    bedrock.script = stub.script = Script(TOKENS, Fault.CUT, at)
    ends = {
        await _exchange(bedrock, f"/model/{NOVA}/converse-stream", {}),
        await _exchange(stub, "/v1/chat/completions", {"stream": True}),
    }
    assert not any(end.endswith(b"\r\n") for end in ends)


async def test_requests_one_behind_the_other(stub: OpenAIServer) -> None:
    stub.script = lambda request: Script((request.body["say"],), gap_seconds=0.01, first_token_seconds=0.01)
    answer = await _exchange(stub, "/v1/chat/completions", {"say": "first"}, {"say": "second"}, answers=2)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert [request.method for request in stub.requests] == ["POST", "POST"]
    assert answer.index(b"first") < answer.index(b"second")


async def test_models_and_health(stub: OpenAIServer) -> None:
    async with httpx.AsyncClient(base_url=stub.url, trust_env=False) as client:

        async def statuses() -> list[int]:
            return [(await client.get(path)).status_code for path in ("/health", "/v1/models", "/v1/models/stub-model")]

        assert (await client.get("/health")).json() == {"status": "ok"}
        assert [card["id"] for card in (await client.get("/v1/models")).json()["data"]] == ["stub-model"]
        assert (await client.get("/v1/models/other")).status_code == 404
        assert await statuses() == [200, 200, 200]
        stub.script = Script(fault=Fault.UNAUTHORIZED)
        assert await statuses() == [200, 401, 401]
        stub.script = Script(fault=Fault.LOADING)
        assert await statuses() == [503, 503, 503]
        body = {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}
        assert (await client.get("/health")).json() == body
