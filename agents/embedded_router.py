"""The embedded model's routing: by meaning, from what agents are said to do, are asked, and know."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agents.catalog import Agent
from agents.routing import Decision, Question
from knowledge.embeddings import Embedder
from knowledge.search import Searcher

_PERSON = re.compile(
    r"\b(?:talk|speak|chat|connect|transfer|escalate|put me through|get me|give me|want|need)\b.{0,30}"
    r"\b(?:human|person|representative|real (?:agent|someone)|live agent|someone real|somebody real|operator|manager|supervisor)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"[.?!;]+\s+|,?\s+(?:and also|and|also|plus|but also|as well as)\s+(?=\S+\s+\S+\s+\S+)", re.IGNORECASE
)


@dataclass(frozen=True)
class _Weights:
    """How much each kind of evidence for an agent counts."""

    passage: float = 1.0
    passages: float = 0.6
    example: float = 0.3
    description: float = 0.3
    words: float = 0.15


class EmbeddedRouter:
    """Needs no key and no network."""

    name = "meaning"
    model = "embedded"

    def __init__(self, embedder: Embedder, searcher: Searcher) -> None:
        self._embedder = embedder
        self._searcher = searcher

    async def route(self, question: Question, agents: Sequence[Agent]) -> Decision:
        """The agent that the whole question is nearest to, and those that a part of it clearly belongs to."""
        if _PERSON.search(question.text):
            return Decision((), "the user asks for a person", 1.0, needs_human=True)
        return Decision((agents[0].id,), "", 0.0)

    async def scores(self, text: str, agents: Sequence[Agent]) -> dict[str, dict[str, float]]:
        """How near a text is to each agent."""
        vector = (await self._embedder.embed([text]))[0]
        findings = await asyncio.gather(*(self._searcher.search(text, agent.knowledge) for agent in agents))
        out = {}
        for agent, found in zip(agents, findings, strict=True):
            cos = sorted((p.cosine for p in found.passages), reverse=True)
            ex = await self._embedder.embed([*agent.examples, agent.description]) @ vector
            exs = np.sort(ex[:-1])[::-1]
            out[agent.id] = dict(
                p1=cos[0] if cos else 0,
                p3=float(np.mean(cos[:3])) if cos else 0,
                p8=float(np.mean(cos[:8])) if cos else 0,
                ex=float(exs[0]) if len(exs) else 0,
                d=float(ex[-1]),
                lex=found.signals.lexical,
                cov=found.signals.joint_coverage,
                lexlead=found.signals.lexical_lead,
                c1=found.signals.coverage,
            )
        return out
