"""Each fault of the loopback providers, as the real clients report it."""

import json
import time
from typing import Any

import httpx
import openai
import pytest
import urllib3.exceptions
from botocore.eventstream import ChecksumMismatch
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    EventStreamError,
    ReadTimeoutError,
)
from langchain_aws import ChatBedrockConverse
from langchain_openai import ChatOpenAI

from tests.providers.bedrock import BedrockServer
from tests.providers.clients import SILENCE, TOKENS, TOOL, converse, read, whole
from tests.providers.openai import OpenAIServer
from tests.providers.script import Fault, Script

STATUS_OF_BEDROCK = [
    (Fault.THROTTLED, 429, "ThrottlingException"),
    (Fault.BROKEN, 500, "InternalServerException"),
    (Fault.FORBIDDEN, 403, "AccessDeniedException"),
    (Fault.UNAUTHORIZED, 403, "UnrecognizedClientException"),
    (Fault.UNKNOWN_MODEL, 404, "ResourceNotFoundException"),
    (Fault.BAD_REQUEST, 400, "ValidationException"),
    (Fault.LOADING, 503, "ServiceUnavailableException"),
]
STATUS_OF_OPENAI: list[tuple[Fault, type[openai.APIStatusError], int]] = [
    (Fault.THROTTLED, openai.RateLimitError, 429),
    (Fault.BROKEN, openai.InternalServerError, 500),
    (Fault.FORBIDDEN, openai.PermissionDeniedError, 403),
    (Fault.UNAUTHORIZED, openai.AuthenticationError, 401),
    (Fault.UNKNOWN_MODEL, openai.NotFoundError, 404),
    (Fault.BAD_REQUEST, openai.BadRequestError, 400),
    (Fault.LOADING, openai.InternalServerError, 503),
]
MID_STREAM_OF_BEDROCK: list[tuple[Fault, type[Exception]]] = [
    (Fault.CUT, urllib3.exceptions.ProtocolError),
    (Fault.RESET, urllib3.exceptions.ProtocolError),
    (Fault.NO_FINISH, ConnectionError),
    (Fault.EXCEPTION, EventStreamError),
    (Fault.STALL, urllib3.exceptions.ReadTimeoutError),
    (Fault.BAD_CRC, ChecksumMismatch),
]
MID_STREAM_OF_OPENAI: list[tuple[Fault, type[Exception]]] = [
    (Fault.CUT, openai.APIConnectionError),
    (Fault.RESET, openai.APIConnectionError),
    (Fault.EXCEPTION, openai.APIError),
    (Fault.STALL, openai.APITimeoutError),
    (Fault.BAD_CRC, json.JSONDecodeError),
]


def test_invalid_tool_sequence(bedrock: BedrockServer, nova: ChatBedrockConverse) -> None:
    bedrock.script = Script(TOKENS, invalid_tool_sequence=True)
    bound = nova.bind_tools([TOOL])
    for ask in (bound.invoke, lambda text: list(bound.stream(text))):
        with pytest.raises(ClientError, match="invalid sequence as part of ToolUse") as caught:
            ask("Hello?")
        assert caught.value.response["Error"]["Code"] == "ModelErrorException"
    assert read(nova) == ("".join(TOKENS), None)


@pytest.mark.parametrize(("fault", "status", "code"), STATUS_OF_BEDROCK)
def test_bedrock_status(
    bedrock: BedrockServer, nova: ChatBedrockConverse, fault: Fault, status: int, code: str
) -> None:
    bedrock.script = Script(TOKENS, fault, at=3, retry_after=7, echo_headers=True)
    with pytest.raises(ClientError, match="AWS4-HMAC-SHA256 Credential=AKIDLOOPBACK") as caught:
        nova.invoke("Hello?")
    text, error = read(nova)
    assert text == ""
    for raised in (error, caught.value):
        assert isinstance(raised, ClientError)
        assert raised.response["Error"]["Code"] == code
        assert raised.response["ResponseMetadata"]["HTTPStatusCode"] == status
        assert raised.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "7"
    assert len(bedrock.requests) == 2


@pytest.mark.parametrize(("fault", "kind", "status"), STATUS_OF_OPENAI)
def test_openai_status(
    stub: OpenAIServer, chat: ChatOpenAI, fault: Fault, kind: type[openai.APIStatusError], status: int
) -> None:
    stub.script = Script(TOKENS, fault, retry_after=0.5, error_text="Not today.", echo_headers=True)
    with pytest.raises(kind, match=r"Not today\..*Bearer sk-loopback") as caught:
        chat.invoke("Hello?")
    text, error = read(chat)
    assert text == ""
    for raised in (error, caught.value):
        assert isinstance(raised, kind)
        assert raised.status_code == status
        assert raised.response.headers["retry-after"] == "0.5"
    assert len(stub.requests) == 2


@pytest.mark.parametrize("at", [0, 1, 3, 5])
@pytest.mark.parametrize(("fault", "kind"), MID_STREAM_OF_BEDROCK)
def test_bedrock_breaks_mid_stream(
    bedrock: BedrockServer, nova: ChatBedrockConverse, fault: Fault, kind: type[Exception], at: int
) -> None:
    bedrock.script = Script(TOKENS, fault, at)
    text, error = read(nova)
    assert text == "".join(TOKENS[:at])
    assert type(error) is kind
    if isinstance(error, EventStreamError):
        assert error.response["Error"]["Code"] == "modelStreamErrorException"


@pytest.mark.parametrize("at", [0, 1, 3, 5])
@pytest.mark.parametrize(("fault", "kind"), MID_STREAM_OF_OPENAI)
def test_openai_breaks_mid_stream(
    stub: OpenAIServer, chat: ChatOpenAI, fault: Fault, kind: type[Exception], at: int
) -> None:
    stub.script = Script(TOKENS, fault, at)
    text, error = read(chat)
    assert text == "".join(TOKENS[:at])
    assert isinstance(error, kind)


def test_openai_missing_finish_is_silent(stub: OpenAIServer, chat: ChatOpenAI) -> None:
    stub.script = Script(TOKENS, Fault.NO_FINISH, at=3)
    message = whole(chat)
    assert message.text == "".join(TOKENS[:3])
    assert "finish_reason" not in message.response_metadata
    assert message.usage_metadata is None


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.RESET])
def test_cut_before_the_status_line(
    bedrock: BedrockServer, nova: ChatBedrockConverse, stub: OpenAIServer, chat: ChatOpenAI, fault: Fault
) -> None:
    bedrock.script = stub.script = Script(TOKENS, fault, at=-1)
    assert isinstance(read(nova)[1], ConnectionClosedError)
    assert isinstance(read(chat)[1], openai.APIConnectionError)
    assert not bedrock.requests[0].closed.is_set()  # it was the server that closed


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.RESET, Fault.STALL, Fault.HANG, Fault.BAD_CRC, Fault.EXCEPTION])
def test_whole_answers_break(
    bedrock: BedrockServer, nova: ChatBedrockConverse, stub: OpenAIServer, chat: ChatOpenAI, fault: Fault
) -> None:
    bedrock.script = stub.script = Script(TOKENS, fault)
    silent = fault in (Fault.STALL, Fault.HANG)
    kinds: dict[Fault, Any] = {Fault.BAD_CRC: ValueError, Fault.EXCEPTION: (ClientError, ValueError)}
    # botocore takes half a body for a whole one when the connection ends with FIN, and langchain finds nothing in it.
    cut = ValueError if fault is Fault.CUT else ConnectionClosedError
    with pytest.raises(kinds.get(fault, ReadTimeoutError if silent else cut)):
        nova.invoke("Hello?")
    with pytest.raises(kinds.get(fault, openai.APITimeoutError if silent else openai.APIConnectionError)):
        chat.invoke("Hello?")


def test_hanging(bedrock: BedrockServer, nova: ChatBedrockConverse, stub: OpenAIServer, chat: ChatOpenAI) -> None:
    bedrock.script = stub.script = Script(TOKENS, Fault.HANG)
    assert isinstance(read(nova)[1], ReadTimeoutError)
    assert isinstance(read(chat)[1], openai.APITimeoutError)
    for path in ("/health", "/v1/models"):
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(stub.url + path, timeout=SILENCE, trust_env=False)
    for request in (*bedrock.requests, *stub.requests):
        assert request.closed.wait(0.5)


def test_slow_start(bedrock: BedrockServer, nova: ChatBedrockConverse, stub: OpenAIServer, chat: ChatOpenAI) -> None:
    bedrock.script = stub.script = Script(TOKENS, Fault.SLOW_START, first_token_seconds=SILENCE / 3)
    for model in (nova, chat):
        began = time.monotonic()
        assert read(model) == ("".join(TOKENS), None)
        assert time.monotonic() - began >= SILENCE / 3
    bedrock.script = stub.script = Script(TOKENS, Fault.SLOW_START, first_token_seconds=SILENCE * 3)
    assert isinstance(read(nova)[1], urllib3.exceptions.ReadTimeoutError)
    assert isinstance(read(chat)[1], openai.APITimeoutError)


def test_nobody_listens() -> None:
    with BedrockServer() as server:
        model = converse(server.url)
    assert isinstance(read(model)[1], EndpointConnectionError)
    server.start()
    assert read(model) == ("Hello world.", None)
    server.stop()
