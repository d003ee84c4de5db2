"""A loopback provider together with models that reach it, and what a test asks of them."""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from agents.models.chunks import ModelChunk
from agents.models.circuit_breaker import CircuitBreaker
from agents.models.failures import ModelFailure
from agents.models.model import Model
from agents.models.model_name import ModelName, parse_model
from agents.models.provider import ModelProvider
from agents.models.streaming_call import ModelRequest
from agents.settings import AgentSettings
from tests.providers.loopback import LoopbackServer, RecordedRequest
from tests.providers.script import Script

BEDROCK = parse_model("bedrock:us.amazon.nova-lite-v1:0")
OPENAI = parse_model("openai:gpt-4o-mini")
QUESTION = (SystemMessage("You answer."), HumanMessage("Hello?"))
_FOREIGN = """AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION AWS_BEARER_TOKEN_BEDROCK AWS_SESSION_TOKEN AWS_ACCESS_KEY_ID
AWS_SECRET_ACCESS_KEY AWS_ENDPOINT_URL AWS_ENDPOINT_URL_BEDROCK_RUNTIME AWS_CONTAINER_CREDENTIALS_RELATIVE_URI
AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_WEB_IDENTITY_TOKEN_FILE OPENAI_API_KEY OPENAI_BASE_URL OPENAI_ORG_ID
OPENAI_API_BASE OPENAI_PROXY HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy all_proxy AI_SERVICE_URL
AI_SERVICE_API_KEY WORKER_MODEL SUPERVISOR_MODEL EMBEDDED_FALLBACK CATALOG LANGSMITH_TRACING LANGCHAIN_TRACING_V2
MODEL_CONNECT_SECONDS MODEL_FIRST_TOKEN_SECONDS MODEL_SERVER_FIRST_TOKEN_SECONDS MODEL_IDLE_SECONDS MODEL_MAX_TOKENS
MODEL_CONNECTIONS""".split()


def isolate(patch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's own keys, regions and proxies; nothing that leaves it."""
    for name in _FOREIGN:
        patch.delenv(name, raising=False)
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    patch.setenv("AWS_CONFIG_FILE", "/dev/null")
    patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")


@dataclass
class Upstream:
    """A provider's server and how it is reached."""

    server: LoopbackServer
    name: ModelName
    make: Callable[[ModelName, AgentSettings], ModelProvider]
    shared: bool = False
    _models: list[Model] = field(default_factory=list)

    def renew(self, script: Script) -> None:
        """Forget what other tests asked."""
        self.server.script = script
        self.server.requests.clear()

    def play(self, *args: Any, **kwargs: Any) -> None:
        """Answer like that from now on."""
        self.server.script = Script(*args, **kwargs)

    def model(self, endpoint: CircuitBreaker | None = None, name: ModelName | None = None, **settings: Any) -> Model:
        """A model with those deadlines; the others are too long to matter."""
        given: dict[str, Any] = {
            "model_connect_seconds": 60,
            "model_first_token_seconds": 60,
            "model_idle_seconds": 60,
        } | settings
        read, called = AgentSettings(**given), name or self.name
        model = Model(called, lambda: self.make(called, read), endpoint or CircuitBreaker(), read)
        self._models.append(model)
        return model

    @property
    def chats(self) -> list[RecordedRequest]:
        """The requests for an answer, without those for a description."""
        return [request for request in self.server.requests if request.method == "POST"]

    async def chat(self, number: int = 1) -> RecordedRequest:
        """A request for an answer, once it is there."""
        await until(lambda: len(self.chats) >= number)
        return self.chats[number - 1]

    async def left(self, request: RecordedRequest) -> float:
        """When the client left that request."""
        return await asyncio.to_thread(self.server.wait_until_closed, request)

    async def close(self) -> None:
        """Close what the test opened; what tests share stays open."""
        for model in self._models:
            if not self.shared:
                await model.close()


@dataclass
class Heard:
    """What a model gave, and how long that took."""

    pieces: list[ModelChunk] = field(default_factory=list)
    failure: ModelFailure | None = None
    seconds: float = 0.0

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


async def hear(model: Model, ask: ModelRequest | None = None) -> Heard:
    """Ask and listen to the end."""
    heard, began = Heard(), time.monotonic()
    try:
        async with aclosing(model.ask(ask or ModelRequest(QUESTION))) as pieces:
            async for piece in pieces:
                heard.pieces.append(piece)
    except ModelFailure as failure:
        heard.failure = failure
    heard.seconds = time.monotonic() - began
    return heard


async def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for a condition; fail where it does not come about."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in other threads
            await asyncio.sleep(0.005)
