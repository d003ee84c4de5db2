"""What a question may cost: each call of a model takes its share before it is made, and gives back what is left.

Who keeps the budget says what is too much; its error ends the answer. Nothing is counted where nobody keeps one.
"""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

from langchain_core.messages import AIMessage, AnyMessage

from agents.models.chunks import Piece, estimate_chars
from agents.models.model_name import ModelName
from agents.models.prices import cost_of
from agents.models.request import Ask
from frontdesk.contracts.events import Usage
from knowledge.retrieval.token_budget import about_tokens

# What a model's own form puts around each message.
_AROUND_TOKENS = 10


@dataclass(frozen=True)
class Expense:
    """Tokens, and what they cost in US dollars."""

    tokens: int = 0
    usd: float = 0.0

    def __add__(self, other: "Expense") -> "Expense":
        return Expense(self.tokens + other.tokens, self.usd + other.usd)

    def __sub__(self, other: "Expense") -> "Expense":
        return Expense(self.tokens - other.tokens, self.usd - other.usd)

    def __bool__(self) -> bool:
        return self.tokens > 0 or self.usd > 0

    def at_least(self, other: "Expense") -> "Expense":
        """The larger of both, in tokens and in dollars."""
        return Expense(max(self.tokens, other.tokens), max(self.usd, other.usd))


class Allowance(Protocol):
    """What one question may cost."""

    async def take(self, share: Expense) -> None:
        """Set aside what a call may cost, or raise the error that the answer ends with."""

    def settle(self, taken: Expense, spent: Expense) -> None:
        """The call is over and has cost that."""


_ALLOWANCE: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


@contextmanager
def within(allowance: Allowance | None) -> Iterator[None]:
    """Have every call of a model inside, also those of tasks that begin inside, keep within an allowance."""
    before = _ALLOWANCE.set(allowance)
    try:
        yield
    finally:
        _ALLOWANCE.reset(before)


def expense_of(name: ModelName, prompt: int, completion: int) -> Expense:
    """What so many tokens of a model come to."""
    usage = Usage(prompt=prompt, completion=completion, total=prompt + completion)
    return Expense(usage.total, cost_of(name, usage))


def reading(messages: Sequence[AnyMessage], tools: Sequence[dict[str, Any]] = ()) -> int:
    """About how many tokens a model reads, rather more than fewer: messages, calls of tools, and their descriptions."""
    texts: list[str] = [message.text for message in messages]
    texts += [json.dumps(message.tool_calls) for message in messages if isinstance(message, AIMessage)]
    texts += [json.dumps(tool) for tool in tools]
    return sum(map(about_tokens, texts)) + _AROUND_TOKENS * len(messages)


@dataclass
class CallCost:
    """What one call has cost so far."""

    name: ModelName
    reading: int
    usage: Usage | None = None
    said: int = 0
    begun: bool = field(default=False, init=False)

    def hear(self, piece: Piece) -> None:
        """Count the next piece."""
        self.begun = True
        self.said += len(piece.text) + len(piece.arguments) + sum(len(part.arguments) for part in piece.calls)
        self.usage = piece.usage or self.usage

    @property
    def spent(self) -> Expense:
        """What the provider counted, or an estimate; nothing where it never began to answer."""
        if self.usage:
            return Expense(self.usage.total, cost_of(self.name, self.usage))
        return expense_of(self.name, self.reading, estimate_chars(0, self.said).completion) if self.begun else Expense()


@asynccontextmanager
async def call_of(name: ModelName, ask: Ask, longest: int) -> AsyncIterator[CallCost | None]:
    """One call, with its share set aside: all that it reads, and the longest answer that it may give."""
    if (allowance := _ALLOWANCE.get()) is None:
        yield None
        return
    heard = CallCost(name, reading(ask.messages, [*ask.tools, *([ask.tool] if ask.tool else [])]))
    share = expense_of(name, heard.reading, ask.max_tokens or longest)
    await allowance.take(share)
    try:
        yield heard
    finally:
        allowance.settle(share, heard.spent)
