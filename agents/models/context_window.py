"""The context window of a model: asked for when it is first needed, then cached; no caller waits long for it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from langchain_core.language_models import BaseChatModel

from agents.models.model_name import ModelName

# The pause before a model that did not report its window is asked again.
_AGAIN_SECONDS = 30.0
# The caller has a question to answer. The first may have to wait for an SDK to be imported.
_WAIT_SECONDS = 2.0
# The window of a cloud model that LangChain does not know: the smallest of those that are offered today.
CLOUD_TOKENS = 32_000


@dataclass(frozen=True)
class ContextWindow:
    """A context window in tokens, prompt and answer together; an assumed window is one that nobody has reported."""

    model: ModelName
    tokens: int
    answer_tokens: int
    assumed: bool = False

    @property
    def prompt_tokens(self) -> int:
        """The tokens that a prompt may take: an answer needs room too, in a small window up to half."""
        return self.tokens - min(self.answer_tokens, self.tokens // 2)

    def __str__(self) -> str:
        return f"the {self.tokens:,} tokens that {self.model} {'is taken to read' if self.assumed else 'reads'}"


class CachedWindow:
    """A number that is asked for once, when it is first needed, and again only while it is not known."""

    def __init__(self, ask: Callable[[], Awaitable[int | None]]) -> None:
        self.known: int | None = None
        self._ask = ask
        self._due = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    async def refresh_number(self) -> None:
        """Ask if it is time to, and wait a little; a late answer serves later callers."""
        if self._asking is None and time.monotonic() >= self._due:
            self._asking = asyncio.create_task(self._ask_number())
        if self._asking:
            await asyncio.wait({self._asking}, timeout=_WAIT_SECONDS)

    def mark_stale(self) -> None:
        """Ask again at the next update, because the number may have changed; the known one holds until then."""
        self._due = float("-inf")

    def close(self) -> None:
        """Cancel the question under way."""
        if self._asking:
            self._asking.cancel()

    async def _ask_number(self) -> None:
        tokens = await self._ask()
        self.known = tokens or self.known
        self._due = float("inf") if tokens else time.monotonic() + _AGAIN_SECONDS
        self._asking = None


def window_from_profile(model: BaseChatModel) -> int | None:
    """Return the context window that LangChain knows of a model, if any."""
    return (model.profile or {}).get("max_input_tokens")
