"""The question to a router, its decision, and a chain of routers: models first, the embedded one behind them."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol

from agents.catalog import Agent
from agents.models.fallback import ChainLink, FallbackTrace, in_turn
from frontdesk.contracts.events import Usage
from knowledge.retrieval.search import FolderFindings

MAX_AGENTS = 3
# The most questions that one message is taken to ask.
MAX_PARTS = 3


@dataclass(frozen=True)
class RoutingQuestion:
    """A question to route: the user's words, the earlier turns needed to understand them, and all earlier turns.

    `owner` is the user whose own documents count beside everybody's.
    """

    text: str
    context: str = ""
    earlier: tuple[str, ...] = ()
    owner: str = ""
    on_masked: Callable[[str], None] | None = None


@dataclass(frozen=True)
class RoutingDecision:
    """One to three agents, the surest first, and for each the whole questions that it is to answer.

    `headings` are the parts in the user's own words, without what was added from the rest of the message.
    `found` is the evidence that was compared: a search of the same is free for as long as it is held. `familiarity` is
    below 0 if the question is like nothing that any agent is there for, as far as examples tell. `search_texts` are the
    questions of each agent in the language of the documents, if the router can translate.
    """

    agents: tuple[str, ...]
    parts: tuple[tuple[str, ...], ...]
    reason: str
    confidence: float
    needs_human: bool = False
    familiarity: float = 0.0
    headings: tuple[tuple[str, ...], ...] = ()
    found: tuple[FolderFindings, ...] = ()
    search_texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class RoutingResult:
    """A decision, with its router and the tokens used."""

    decision: RoutingDecision
    router: "Router"
    usage: Usage | None = None


class Router(ChainLink, Protocol):
    """A link of a chain that decides which agents answer."""

    @property
    def kind(self) -> str:
        """How the router decides, in a word."""

    def stream_decision(self, question: RoutingQuestion, agents: Sequence[Agent]) -> AsyncGenerator[RoutingResult]:
        """Yield one decision."""


async def route_by_chain(
    routers: Sequence[Router], question: RoutingQuestion, agents: Sequence[Agent], trail: FallbackTrace
) -> RoutingResult:
    """Return the decision of the first router that can make one."""
    question = replace(question, on_masked=trail.note_masked)
    decided: RoutingResult | None = None
    async with aclosing(in_turn(routers, lambda router: router.stream_decision(question, agents), trail)) as decisions:
        async for routed in decisions:
            # Read to the end: leaving the chain early counts as giving the call up.
            decided = routed if isinstance(routed, RoutingResult) else None
    assert decided  # noqa: S101 - a chain ends with a decision or an error
    return decided
