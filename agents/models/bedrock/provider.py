"""Amazon Bedrock through `ChatBedrockConverse`, on a pool of threads and connections of its own.

The AWS SDK finds credentials, region and endpoint in its usual places: environment, profile, SSO, role.
"""

import contextlib
import re
from collections.abc import AsyncIterator
from typing import Any, Protocol

import botocore.session
from botocore.config import Config
from langchain_aws import ChatBedrockConverse
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AnyMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from agents.models.bedrock import failures, tools
from agents.models.bedrock.blocking_stream import UPSTREAM, ResponseBody, StreamThreads
from agents.models.context_window import window_from_profile
from agents.models.failures import FailureKind, ModelFailure
from agents.models.model_name import ModelName
from agents.models.provider import ProviderRequest
from agents.models.request import ModelRequest
from agents.settings import AgentSettings

DEFAULT_REGION = "us-east-1"
# https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
_CACHES_PROMPTS = re.compile(r"amazon\.nova-(micro|lite|pro|premier|2-lite)|anthropic\.claude-(3-5|3-7|[a-z]+-[4-9])")
# The settings that Amazon advises for Nova's tool calls. Other models take no such fields, or others.
_STEADY: dict[str, Any] = {
    "temperature": 0,
    "additional_model_request_fields": {"inferenceConfig": {"topK": 1}},
}
# Nova's default, for requests that set a temperature or `top_p`.
_DRAWN: dict[str, Any] = {"inferenceConfig": {"topK": 50}}
# OpenAI's temperature goes up to 2.
_HIGHEST_TEMPERATURE = 1.0
_MAKER = re.compile(r"/(?:[a-z-]+\.)?([a-z0-9]+)\.[^/]*$")


class _HttpResponse(Protocol):
    """The response that botocore passes to its event handlers."""

    raw: ResponseBody


class ThreadedBedrock(ChatBedrockConverse):
    """Bedrock's blocking client, with a thread of this model's own for each call, so that none waits for another."""

    _threads: StreamThreads = PrivateAttr()

    def use_threads(self, threads: StreamThreads) -> "ThreadedBedrock":
        """Make all calls on those threads."""
        self._threads = threads
        return self

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401 - as in the base class
    ) -> AsyncIterator[ChatGenerationChunk]:
        async with contextlib.aclosing(
            self._threads.iterate_blocking(lambda: self._stream(messages, stop, **kwargs))
        ) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401 - as in the base class
    ) -> ChatResult:
        return await self._threads.run_blocking(lambda: self._generate(messages, stop, **kwargs))


class BedrockProvider:
    """The provider of one model on Bedrock."""

    def __init__(self, name: ModelName, settings: AgentSettings) -> None:
        self._name = name
        self._settings = settings
        self._threads = StreamThreads(settings.model_connections, "bedrock")
        self._model: ThreadedBedrock | None = None

    async def open_chat(self) -> BaseChatModel:
        """Return the chat model. Finding credentials may take a while, so it runs outside the event loop."""
        if self._model is None:
            self._model = await self._threads.run_blocking(self._connect_client)
        return self._model

    def convert_request(self, ask: ModelRequest) -> ProviderRequest:
        """Convert tools to Converse's form, and add a cache point after the system prompt if the model supports it."""
        messages, options = self._with_cache_point(ask), self._sampling_options(ask)
        if not ask.tools or ask.tool_choice == "none":
            return ProviderRequest(tools.in_words(messages), options)
        own = [tool["function"]["name"] for tool in ask.tools]
        called = [*own, *tools.called_in(messages)]
        names = tools.plain_names(called) if self._is_nova else {name: name for name in called}
        specs = [
            tools.spec_of(tool, names[name], plain=self._is_nova) for tool, name in zip(ask.tools, own, strict=True)
        ]
        options |= {"tools": specs, "tool_choice": tools.choice_of(ask.tool_choice, names)}
        return ProviderRequest(
            tools.with_renamed_tools(messages, names), options, {plain: name for name, plain in names.items()}
        )

    def map_error(self, error: Exception) -> ModelFailure | None:
        """Map an error of the SDK to a failure."""
        return failures.failure_of(error)

    async def check(self) -> None:
        """Request one token: Bedrock has no smaller request that needs no further permission."""
        await (await self.open_chat()).ainvoke([HumanMessage("Hi")], max_tokens=1)

    async def check_presence(self) -> None:
        """Run a check: nothing smaller shows anything."""
        await self.check()

    async def is_working(self) -> bool:
        """Return False: Bedrock does not tell."""
        return False

    async def window(self) -> int | None:
        """Return the context window that LangChain knows."""
        return window_from_profile(await self.open_chat())

    async def close(self) -> None:
        """Close the client. Threads that still wait end with their deadline, or with the process."""
        if self._model is not None:
            self._model.client.close()

    @property
    def _is_nova(self) -> bool:
        return "amazon.nova" in self._name.model

    def _with_cache_point(self, ask: ModelRequest) -> list[AnyMessage]:
        first, *others = ask.messages
        if not (ask.stable_prefix and isinstance(first, SystemMessage) and _CACHES_PROMPTS.search(self._name.model)):
            return [first, *others]
        marked: list[str | dict[Any, Any]] = [
            {"type": "text", "text": first.text},
            ChatBedrockConverse.create_cache_point(),
        ]
        return [SystemMessage(content=marked), *others]

    def _sampling_options(self, ask: ModelRequest) -> dict[str, Any]:
        """Return sampling options. Nova samples only when told to; Claude takes either temperature or `top_p`."""
        temperature, top_p = ask.temperature, ask.top_p
        drawn = temperature is not None or top_p is not None
        if self._is_nova and drawn and temperature is None:
            temperature = _HIGHEST_TEMPERATURE
        options = {
            "max_tokens": ask.max_tokens,
            "temperature": None if temperature is None else min(temperature, _HIGHEST_TEMPERATURE),
            "top_p": None if "anthropic" in self._name.model and temperature is not None else top_p,
            "additional_model_request_fields": _DRAWN if self._is_nova and drawn and temperature else None,
        }
        return {name: value for name, value in options.items() if value is not None}

    def _connect_client(self) -> ThreadedBedrock:
        config = Config(
            connect_timeout=self._settings.model_connect_seconds,
            # A thread that reads from a silent provider is free again after this.
            read_timeout=max(self._settings.model_first_token_seconds, self._settings.model_idle_seconds),
            retries={"total_max_attempts": 1},
            max_pool_connections=self._settings.model_connections,
        )
        session = botocore.session.get_session()
        if session.get_auth_token(signing_name="bedrock") is None and session.get_credentials() is None:
            raise ModelFailure(FailureKind.NO_CREDENTIALS, "the AWS SDK finds none")
        # This SDK itself reads AWS_DEFAULT_REGION and the profile, but not AWS_REGION.
        region = self._settings.aws_region or session.get_config_variable("region") or DEFAULT_REGION
        client = session.create_client("bedrock-runtime", region_name=region, config=config)
        client.meta.events.register("after-call.bedrock-runtime.ConverseStream", _remember_body)
        model = ThreadedBedrock(
            model_id=self._name.model,
            client=client,
            # The control plane is asked only about application inference profiles; others need no second client.
            bedrock_client=None if "application-inference-profile" in self._name.model else client,
            **_maker_of(self._name.model),
            **_STEADY if self._is_nova else {},
            max_tokens=self._settings.model_max_tokens,
        )
        # LangChain streams only from models that it has heard of.
        model.disable_streaming = False
        return model.use_threads(self._threads)


def _maker_of(model: str) -> dict[str, str]:
    """Return the maker of a model named by its ARN. An application inference profile does not tell it."""
    if not model.startswith("arn:"):
        return {}
    found = _MAKER.search(model)
    return {"provider": found[1] if found else "amazon"}


def _remember_body(http_response: _HttpResponse, **_: object) -> None:
    """Keep the body of the stream, so that its reader's task can end it from another thread."""
    if upstream := UPSTREAM.get():
        upstream.keep_body(http_response.raw)
