"""The base of all scripted chat models of the tests."""

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.outputs import ChatResult

from agents.answering.writer import ModelWriter, WriterChain
from agents.models.circuit_breaker import CircuitBreaker
from agents.models.failures import ModelFailure
from agents.models.model import Model
from agents.models.model_name import ModelName
from agents.models.provider import ProviderRequest
from agents.models.request import ModelRequest
from agents.settings import AgentSettings


class StreamingModel(BaseChatModel):
    """A chat model that can only stream, as the desk requires."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise AssertionError("the desk streams")


class ScriptedProvider:
    """A provider that returns a scripted chat model in place of a real one."""

    def __init__(self, chat: BaseChatModel) -> None:
        self._chat = chat

    async def open_chat(self) -> BaseChatModel:
        return self._chat

    def convert_request(self, ask: ModelRequest) -> ProviderRequest:
        return ProviderRequest(list(ask.messages))

    def map_error(self, error: Exception) -> ModelFailure | None:
        return None

    async def check(self) -> None:
        pass

    async def check_presence(self) -> None:
        pass

    async def is_working(self) -> bool:
        return True

    async def window(self) -> int | None:
        return None

    async def close(self) -> None:
        pass


def writes(chat: BaseChatModel) -> WriterChain:
    """Build a chain with this chat model alone, with long timeouts so that a test decides how long it is silent."""
    settings = AgentSettings(model_first_token_seconds=60, model_idle_seconds=60)
    return WriterChain(
        [
            ModelWriter(
                Model(ModelName("openai", "scripted"), lambda: ScriptedProvider(chat), CircuitBreaker(), settings)
            )
        ]
    )
