"""OpenAI, and every server that speaks its protocol: llama.cpp, vLLM, Ollama."""

import asyncio
import re
from contextlib import suppress
from typing import Any

import httpx2
import openai
from langchain_core.exceptions import ContextOverflowError
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from langchain_openai.chat_models.base import BaseChatOpenAI
from pydantic import SecretStr

from agents.models.context_window import window_from_profile
from agents.models.failures import FailureKind, ModelFailure, of_status, seconds_of
from agents.models.model_name import ModelName
from agents.models.openai.served_window import served_window
from agents.models.openai.streams import StreamedCompletions
from agents.models.provider import ProviderRequest
from agents.models.request import ModelRequest
from agents.settings import AgentSettings

# A self-hosted server that answers within this time is up.
_ALIVE_SECONDS = 1.0
# The headers of any request; the others are set below.
_HEADERS = frozenset("accept-encoding connection content-length content-type host".split())
# Models that reason before they speak keep a customer waiting, so they are asked for as little of it as they allow.
# While they reason they take no temperature.
_EFFORTS = (
    (re.compile(r"gpt-5\.|gpt-[6-9]"), {"reasoning_effort": "none", "temperature": 0}),
    (re.compile(r"gpt-5"), {"reasoning_effort": "minimal"}),
    (re.compile(r"o\d"), {"reasoning_effort": "low"}),
)
# The errors of llama.cpp and vLLM for a prompt that is too long.
_TOO_LONG = re.compile("exceed_context_size|maximum context length")
_CHOICES = ("auto", "none", "required")


class OpenAIProvider:
    """The provider of one model of OpenAI, or of a self-hosted server if the name has a URL."""

    # Whether requests go through the proxy that the environment names.
    trusts_proxies = True

    def __init__(self, name: ModelName, settings: AgentSettings) -> None:
        self._name = name
        self._settings = settings
        efforts = (fields for pattern, fields in _EFFORTS if not name.url and pattern.match(name.model))
        self._fields: dict[str, Any] = dict(next(efforts, {"temperature": 0}))
        self._model: BaseChatOpenAI | None = None
        self._http: httpx2.AsyncClient | None = None

    async def open_chat(self) -> BaseChatModel:
        """Return the chat model; a self-hosted server is asked for its model if the name leaves that open."""
        if self._model is None:
            # Reading the certificates of this machine takes a while.
            self._model = await asyncio.to_thread(self._connect_client)
        if not self._model.model_name:
            self._model.model_name = await self._first_served_model()
        return self._model

    def convert_request(self, ask: ModelRequest) -> ProviderRequest:
        """Return the messages as they are, with options: OpenAI caches prefixes without being asked."""
        options: dict[str, Any] = {"max_tokens": ask.max_tokens}
        if "temperature" in self._fields:
            # A request with `top_p` wants tokens to be sampled.
            drawn = 1 if ask.temperature is None and ask.top_p is not None else ask.temperature
            options |= {"temperature": drawn, "top_p": ask.top_p}
        options = {name: value for name, value in options.items() if value is not None}
        if ask.tools:
            options |= {"tools": list(ask.tools), "tool_choice": _tool_choice(ask.tool_choice or "auto")}
        return ProviderRequest(list(ask.messages), options)

    def map_error(self, error: Exception) -> ModelFailure | None:
        """Map an error of the SDK, or of httpx beneath it, to a failure."""
        name = type(error).__name__
        match error:
            case ModelFailure():
                return error
            case ContextOverflowError():
                return ModelFailure(FailureKind.TOO_LONG)
            case openai.APIStatusError():
                return _of_response(error)
            case openai.APIConnectionError() | httpx2.TransportError():
                return _of_transport(_root_cause(error))
            case openai.OpenAIError() | ValueError() | TypeError() | AttributeError() | LookupError():
                # An error event in the stream, or a body that is no answer: the libraries read it all the same.
                return ModelFailure(FailureKind.BROKEN, name)
        return None

    async def check(self) -> None:
        """Look up OpenAI's model, which is free; ask another server for a token, as only that shows what it serves."""
        model = await self.open_chat()
        assert self._model  # noqa: S101 - opened above
        if not self._name.url:
            with suppress(openai.NotFoundError):
                await self._model.root_async_client.models.retrieve(
                    self._model.model_name, timeout=self._settings.model_first_token_seconds
                )
                return
        await model.ainvoke([HumanMessage("Hi")], max_tokens=1)

    async def check_presence(self) -> None:
        """Ask what is served; this does not keep a self-hosted server from its work."""
        if not self._name.url:
            await self.check()
            return
        await self.open_chat()
        await self._first_served_model()

    async def is_working(self) -> bool:
        """Return True if a self-hosted server, which may read a long prompt slowly, still lists its models."""
        try:
            return bool(self._name.url) and bool(await self._first_served_model())
        except Exception:  # noqa: BLE001 - whatever it answered, it is not known to be at work
            return False

    async def window(self) -> int | None:
        """Return the context window: OpenAI's as LangChain knows it, a self-hosted server's as it reports it."""
        model = await self.open_chat()
        if not self._name.url:
            return window_from_profile(model)
        assert self._http  # noqa: S101 - opened above
        assert self._model  # noqa: S101 - opened above
        return await served_window(self._http, self._name.url, self._model.model_name)

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.aclose()

    async def _first_served_model(self) -> str:
        """Return the name of the server's first model."""
        assert self._model  # noqa: S101 - opened by the caller
        page: object = await self._model.root_async_client.models.list(timeout=_ALIVE_SECONDS)
        served = getattr(page, "data", None)
        if not isinstance(served, list):
            raise ModelFailure(FailureKind.BROKEN, "its list of models is none")
        return str(served[0].id) if served else "default"

    @property
    def _own_key(self) -> str:
        """The key for self-hosted servers; the SDK needs some text even if a server wants none."""
        return self._settings.ai_service_api_key.get_secret_value() or "none"

    async def _send_own_headers(self, request: httpx2.Request) -> None:
        """Remove headers that the SDK takes from the environment for OpenAI; self-hosted servers need not see them."""
        for name in list(request.headers):
            if name.lower() not in _HEADERS and not name.lower().startswith("x-stainless-"):
                del request.headers[name]
        request.headers["authorization"] = f"Bearer {self._own_key}"
        request.headers["user-agent"] = "Frontdesk"
        request.headers["accept"] = "*/*"

    def _connect_client(self) -> BaseChatOpenAI:
        limits = httpx2.Limits(max_connections=self._settings.model_connections, max_keepalive_connections=32)
        patience = (
            self._settings.model_server_first_token_seconds if self._name.url else self._settings.model_idle_seconds
        )
        connect = self._settings.model_connect_seconds
        # The caller has deadlines; these ensure that no connection outlives them.
        timeout = httpx2.Timeout(patience + self._settings.model_first_token_seconds, connect=connect, pool=connect)
        hooks = {"request": [self._send_own_headers]} if self._name.url else {}
        # The key for self-hosted servers goes with every request, and must not follow a redirect.
        redirected = not self._name.url
        self._http = httpx2.AsyncClient(
            limits=limits,
            timeout=timeout,
            follow_redirects=redirected,
            event_hooks=hooks,
            trust_env=self.trusts_proxies,
        )
        own = {"base_url": self._name.url, "api_key": SecretStr(self._own_key)} if self._name.url else {}
        try:
            # The base class limits an answer by `max_tokens`, which every server knows; OpenAI has another name for it.
            model = (BaseChatOpenAI if self._name.url else ChatOpenAI)(
                model=self._name.model,
                max_retries=0,
                stream_usage=True,
                stream_chunk_timeout=0,
                use_responses_api=False,
                max_tokens=self._settings.model_max_tokens,
                timeout=timeout,
                http_async_client=self._http,
                **self._fields,
                **own,
            )
        except openai.OpenAIError as error:
            raise ModelFailure(FailureKind.NO_CREDENTIALS, "OPENAI_API_KEY is not set") from error
        if not _is_key(model.root_async_client.api_key):
            raise ModelFailure(FailureKind.REFUSED, "the key holds characters that no key has")
        model.async_client = StreamedCompletions(model.async_client)
        return model


def _tool_choice(choice: str) -> str | dict[str, Any]:
    return choice if choice in _CHOICES else {"type": "function", "function": {"name": choice}}


def _is_key(key: str) -> bool:
    return key.isascii() and key.isprintable() and " " not in key


def _of_response(error: openai.APIStatusError) -> ModelFailure:
    headers = error.response.headers
    code = str(error.code or "")
    if error.status_code == 503 and "loading" in error.message.lower():
        return ModelFailure(FailureKind.LOADING)
    if code == "context_length_exceeded" or _TOO_LONG.search(f"{error.type} {error.message}"):
        return ModelFailure(FailureKind.TOO_LONG)
    return of_status(error.status_code, code, seconds_of(headers.get("retry-after")))


def _root_cause(error: Exception) -> Exception:
    """Return the error of httpx beneath LangChain's and the SDK's wrappers."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, httpx2.TransportError):
        cause = cause.__cause__
    return cause or error


def _of_transport(error: Exception) -> ModelFailure:
    match error:
        case httpx2.PoolTimeout():
            return ModelFailure(FailureKind.BUSY)
        case httpx2.ConnectError() | httpx2.ConnectTimeout() | httpx2.UnsupportedProtocol():
            return ModelFailure(FailureKind.UNREACHABLE, type(error).__name__)
        case httpx2.TimeoutException() | openai.APITimeoutError():
            return ModelFailure(FailureKind.STALLED, type(error).__name__)
    return ModelFailure(FailureKind.BROKEN, type(error).__name__)
