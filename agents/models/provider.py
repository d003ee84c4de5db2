"""What reaches a model: a LangChain chat model, opened when it is first needed, and what its errors mean."""

from collections.abc import Sequence
from typing import Protocol

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AnyMessage

from agents.models.failures import ModelFailure


class Provider(Protocol):
    """One model of one provider."""

    async def open(self) -> BaseChatModel:
        """The chat model; `ModelFailure` where there are no credentials to reach it with."""

    def arrange(self, messages: Sequence[AnyMessage], *, stable_prefix: bool) -> list[AnyMessage]:
        """The messages as this provider wants them; with a stable prefix, the first is worth caching."""

    def failure(self, error: Exception) -> ModelFailure | None:
        """What an error of the chat model means; None for one that the provider's SDK is not known to raise."""

    async def check(self) -> None:
        """Ask the model for as little as can be asked; any error where that fails."""

    async def look(self) -> None:
        """Find out as cheaply as can be whether the model is there; any error where it is not."""

    async def alive(self) -> bool:
        """Whether a model that has not begun to answer is known to be at work on it."""

    async def close(self) -> None:
        """Let go of connections and threads."""
