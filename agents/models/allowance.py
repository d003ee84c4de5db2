"""The allowance of a question: each model call reserves its share of the budget first, and returns what is left.

The owner of the budget decides what is too much; its error ends the answer. Without a budget nothing is counted.
"""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

from langchain_core.messages import AIMessage, AnyMessage

from agents.models.chunks import ModelChunk
from agents.models.model_name import ModelName
from agents.models.prices import cost_of
from agents.models.request import ModelRequest
from frontdesk.contracts.events import Usage
from knowledge.text.token_estimate import MESSAGE_TOKENS, estimate_tokens


@dataclass(frozen=True)
class Expense:
    """An amount of tokens and their cost in US dollars."""

    tokens: int = 0
    usd: float = 0.0

    def __add__(self, other: "Expense") -> "Expense":
        return Expense(self.tokens + other.tokens, self.usd + other.usd)

    def __sub__(self, other: "Expense") -> "Expense":
        return Expense(self.tokens - other.tokens, self.usd - other.usd)

    def __bool__(self) -> bool:
        return self.tokens > 0 or self.usd > 0

    def at_least(self, other: "Expense") -> "Expense":
        """Return the larger of both amounts, in tokens and in dollars."""
        return Expense(max(self.tokens, other.tokens), max(self.usd, other.usd))


class Allowance(Protocol):
    """The budget of one question."""

    async def reserve_share(self, share: Expense) -> None:
        """Reserve what a call may cost, or raise the error that ends the answer."""

    def settle_share(self, taken: Expense, spent: Expense) -> None:
        """Replace the reservation of a finished call by what it has cost."""


_ALLOWANCE: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


@contextmanager
def within_allowance(allowance: Allowance | None) -> Iterator[None]:
    """Keep every model call inside, also those of tasks that begin inside, within an allowance."""
    before = _ALLOWANCE.set(allowance)
    try:
        yield
    finally:
        _ALLOWANCE.reset(before)


def expense_of(name: ModelName, prompt: int, completion: int) -> Expense:
    """Return the expense of so many tokens of a model."""
    usage = Usage(prompt=prompt, completion=completion, total=prompt + completion)
    return Expense(usage.total, cost_of(name, usage))


def reading(messages: Sequence[AnyMessage], tools: Sequence[dict[str, Any]] = ()) -> int:
    """Estimate, rather high, how many tokens a model reads: messages, tool calls, and tool descriptions."""
    texts: list[str] = [message.text for message in messages]
    texts += [json.dumps(message.tool_calls) for message in messages if isinstance(message, AIMessage)]
    texts += [json.dumps(tool) for tool in tools]
    return sum(map(estimate_tokens, texts)) + MESSAGE_TOKENS * len(messages)


@dataclass
class CallCost:
    """The cost of one call so far."""

    name: ModelName
    read_tokens: int
    usage: Usage | None = None
    said: list[str] = field(default_factory=list)
    begun: bool = field(default=False, init=False)

    def count_chunk(self, piece: ModelChunk) -> None:
        """Count the next piece."""
        self.begun = True
        self.said += [piece.text, piece.arguments, *(part.arguments for part in piece.calls)]
        self.usage = piece.usage or self.usage

    @property
    def actual_expense(self) -> Expense:
        """The usage that the provider counted, or an estimate; nothing if the provider never began to answer."""
        if self.usage:
            return Expense(self.usage.total, cost_of(self.name, self.usage))
        return expense_of(self.name, self.read_tokens, estimate_tokens("".join(self.said))) if self.begun else Expense()


@asynccontextmanager
async def call_of(name: ModelName, ask: ModelRequest, longest: int) -> AsyncIterator[CallCost | None]:
    """Reserve the share of one call: all that it reads, and the longest answer that it may give."""
    if (allowance := _ALLOWANCE.get()) is None:
        yield None
        return
    cost = CallCost(name, reading(ask.messages, [*ask.tools, *([ask.tool] if ask.tool else [])]))
    share = expense_of(name, cost.read_tokens, ask.max_tokens or longest)
    await allowance.reserve_share(share)
    try:
        yield cost
    finally:
        allowance.settle_share(share, cost.actual_expense)
