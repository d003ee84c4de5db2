"""One server and one client of each kind for a module, as building a botocore client takes a third of a second."""

import asyncio
from collections.abc import Iterator

import pytest
from langchain_aws import ChatBedrockConverse
from langchain_openai import ChatOpenAI

from tests.providers.bedrock import BedrockServer
from tests.providers.clients import TOKENS, chat_openai, converse
from tests.providers.openai import OpenAIServer
from tests.providers.script import Script


@pytest.fixture(scope="module")
def bedrock_server() -> Iterator[BedrockServer]:
    with BedrockServer() as server:
        yield server


@pytest.fixture(scope="module")
def openai_server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture(scope="module")
def nova(bedrock_server: BedrockServer) -> ChatBedrockConverse:
    """A client of the Bedrock server."""
    return converse(bedrock_server.url)


@pytest.fixture
def chat(openai_server: OpenAIServer) -> Iterator[ChatOpenAI]:
    """A client of the OpenAI server, closed at the end: an open socket would be a warning, and so an error."""
    model = chat_openai(openai_server.url)
    yield model
    model.root_client.close()
    asyncio.run(model.root_async_client.close())


@pytest.fixture
def bedrock(bedrock_server: BedrockServer) -> BedrockServer:
    """The Bedrock server, reset."""
    bedrock_server.script = Script(TOKENS)
    bedrock_server.requests.clear()
    return bedrock_server


@pytest.fixture
def stub(openai_server: OpenAIServer) -> OpenAIServer:
    """The OpenAI server, reset."""
    openai_server.script = Script(TOKENS)
    openai_server.requests.clear()
    return openai_server
