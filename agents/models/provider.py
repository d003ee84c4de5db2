"""What reaches a model: a LangChain chat model, opened when it is first needed, and what its errors mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AnyMessage

from agents.models.failures import ModelFailure
from agents.models.request import Ask


@dataclass(frozen=True)
class Request:
    """An ask as a provider wants it. `names` are what the caller calls the tools that have other names there."""

    messages: list[AnyMessage]
    options: dict[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


class Provider(Protocol):
    """One model of one provider."""

    async def open(self) -> BaseChatModel:
        """The chat model; `ModelFailure` where there are no credentials to reach it with."""

    def request(self, ask: Ask) -> Request:
        """The ask as this provider wants it; with a stable prefix, the first message is worth caching."""

    def failure(self, error: Exception) -> ModelFailure | None:
        """What an error of the chat model means; None for one that the provider's SDK is not known to raise."""

    async def check(self) -> None:
        """Ask the model for as little as can be asked; any error where that fails."""

    async def look(self) -> None:
        """Find out as cheaply as can be whether the model is there; any error where it is not."""

    async def alive(self) -> bool:
        """Whether a model that has not begun to answer is known to be at work on it."""

    async def window(self) -> int | None:
        """How many tokens the model reads, its answer among them; None where nobody tells, or any error."""

    async def close(self) -> None:
        """Let go of connections and threads."""
