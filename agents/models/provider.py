"""The interface of a provider: a LangChain chat model, opened on first use, and the meaning of its errors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AnyMessage

from agents.models.failures import ModelFailure
from agents.models.request import ModelRequest


@dataclass(frozen=True)
class ProviderRequest:
    """A request in a provider's form. `names` maps the provider's names of tools to the caller's where they differ."""

    messages: list[AnyMessage]
    options: dict[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


class ModelProvider(Protocol):
    """One model of one provider."""

    async def open_chat(self) -> BaseChatModel:
        """Return the chat model; raise `ModelFailure` if there are no credentials to reach it with."""

    def convert_request(self, ask: ModelRequest) -> ProviderRequest:
        """Convert a request to this provider's form; with a stable prefix, the first message is worth caching."""

    def map_error(self, error: Exception) -> ModelFailure | None:
        """Map an error of the chat model to a failure; None for one that the provider's SDK is not known to raise."""

    async def check(self) -> None:
        """Send the smallest possible request; raise any error if that fails."""

    async def check_presence(self) -> None:
        """Find out as cheaply as possible whether the model is there; raise any error if it is not."""

    async def is_working(self) -> bool:
        """Return True if a model that has not begun to answer is known to be at work on it."""

    async def window(self) -> int | None:
        """Return the context window in tokens, answer included; None if unknown, or raise any error."""

    async def close(self) -> None:
        """Close connections and threads."""
