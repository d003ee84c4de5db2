"""What a router is asked and what it answers; the embedded one is in `agents.embedded`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agents.catalog import Agent

MAX_AGENTS = 3


@dataclass(frozen=True)
class Question:
    """The user's words, what of the earlier turns they cannot be understood without, and all earlier turns."""

    text: str
    context: str = ""
    earlier: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decision:
    """One to three agents, the surest first, and the part of the question that each is to answer."""

    agents: tuple[str, ...]
    parts: tuple[str, ...]
    reason: str
    confidence: float
    needs_human: bool = False


class Router(Protocol):
    """Decides who answers."""

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str: ...

    async def route(self, question: Question, agents: Sequence[Agent]) -> Decision: ...
