"""The real client libraries of the providers, and readers of their streams."""

from typing import Any

import httpx
from botocore.config import Config
from langchain_aws import ChatBedrockConverse
from langchain_core.messages import AIMessageChunk, BaseMessageChunk
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

TOKENS = ("One", " two", " thrée", " four", ".")
NOVA = "us.amazon.nova-lite-v1:0"
SILENCE = 0.25  # seconds that a client waits for bytes
TOOL = {
    "type": "function",
    "function": {
        "name": "route",
        "description": "Choose a department.",
        "parameters": {"type": "object", "properties": {"department": {"type": "string"}}},
    },
}


def converse(url: str, read_timeout: float = SILENCE) -> ChatBedrockConverse:
    """Create a client of a Bedrock server."""
    config = Config(retries={"total_max_attempts": 1}, read_timeout=read_timeout, max_pool_connections=100)
    return ChatBedrockConverse(
        model_id=NOVA,
        region_name="us-east-1",
        endpoint_url=url,
        config=config,
        aws_access_key_id=SecretStr("AKIDLOOPBACK"),
        aws_secret_access_key=SecretStr("secret"),
        aws_session_token=SecretStr("session"),
    )


def chat_openai(url: str, read_timeout: float = SILENCE) -> ChatOpenAI:
    """Create a client of an OpenAI server."""
    return ChatOpenAI(
        model="stub-model",
        api_key=SecretStr("sk-loopback"),
        max_retries=0,
        base_url=url + "/v1",
        stream_usage=True,
        timeout=httpx.Timeout(5, read=read_timeout),
    )


def read(model: ChatBedrockConverse | ChatOpenAI) -> tuple[str, Exception | None]:
    """Stream an answer; return the text that arrived and the error that ended it."""
    text = ""
    try:
        for part in model.stream("Hello?"):
            text += part.text
    except Exception as error:  # noqa: BLE001 - the tests look at whatever it is
        return text, error
    return text, None


def whole(model: Any) -> AIMessageChunk:
    """Stream an answer and merge all chunks into one."""
    chunks: list[BaseMessageChunk] = list(model.stream("Hello?"))
    total = chunks[0]
    for part in chunks[1:]:
        total = total + part
    assert isinstance(total, AIMessageChunk)
    return total
