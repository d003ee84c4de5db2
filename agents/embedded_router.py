"""The embedded model's routing: by meaning, from what agents know, what they are said to do, and what they are asked.

Each agent is a cloud of vectors: the passages of its knowledge, its examples, its description. A question goes to the
agent in whose cloud it lies densest. On conversations with people that beats the nearest passage alone, and both beat
descriptions by far.
"""

import asyncio
import re
from collections.abc import Sequence

import numpy as np

from agents.catalog import Agent
from agents.routing import MAX_AGENTS, Decision, Question
from knowledge import terms
from knowledge.embeddings import Embedder, Vector
from knowledge.search import CANDIDATES, Searcher

_PERSON = re.compile(
    r"\b(?:talk|speak|chat|connect|transfer|escalate|put me through|get me|give me|want|need)\b"
    r".{0,30}\b(?:human|person|representative|real agent|live agent|someone real|somebody real|operator|manager)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[.?!;]+\s+|,?\s+(?:and also|and|also|plus|but|as well as)\s+", re.IGNORECASE)

# How fast a vector's say falls with its distance, in cosine.
_WIDTH = 0.05
# No cloud counts as larger or smaller than this many times the typical one.
_SIZE_SPAN = 5.0
_WORD_WEIGHT = 0.15
# What the conversation so far adds to what the question says by itself.
_CONVERSATION_WEIGHT = 0.3
# A part of a question brings in another agent from this lead over the first one's score on.
_PART_LEAD = 0.1
_PART_WORDS = 2


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
        scores = await self._scores(f"{question.context} {question.text}".strip(), agents)
        if question.earlier:
            conversation = await self._scores(" ".join([*question.earlier, question.text]), agents)
            scores = scores + _CONVERSATION_WEIGHT * conversation
        first = int(scores.argmax())
        chosen = [first, *await self._of_parts(question.text, first, agents)][:MAX_AGENTS]
        likelihood = np.exp((scores - scores.max()) / _WIDTH)
        names = " and ".join(agents[index].name for index in chosen)
        return Decision(
            agents=tuple(agents[index].id for index in chosen),
            reason=f"nearest to what {names} {'knows' if len(chosen) == 1 else 'know'}",
            confidence=float(likelihood[chosen].sum() / likelihood.sum()),
        )

    async def _of_parts(self, text: str, first: int, agents: Sequence[Agent]) -> list[int]:
        """Other agents that a clause of the question is much nearer to than to the first one."""
        clauses = [part for part in _CLAUSE.split(text) if len(terms.content_words(part)) >= _PART_WORDS]
        if len(clauses) < 2:
            return []
        others: list[int] = []
        for scores in await asyncio.gather(*(self._scores(clause, agents) for clause in clauses)):
            best = int(scores.argmax())
            if best not in (first, *others) and scores[best] - scores[first] >= _PART_LEAD:
                others.append(best)
        return others

    async def _scores(self, text: str, agents: Sequence[Agent]) -> Vector:
        """How densely each agent's cloud lies around a text, and how well its knowledge matches the words."""
        vector = (await self._embedder.embed([text]))[0]
        known = await asyncio.gather(*(self._searcher.closeness(text, agent.knowledge) for agent in agents))
        clouds = [
            np.concatenate([await self._embedder.embed([*agent.examples, agent.description]) @ vector, close.cosines])
            for agent, close in zip(agents, known, strict=True)
        ]
        sizes = [1 + len(agent.examples) + close.size for agent, close in zip(agents, known, strict=True)]
        typical = float(np.median(sizes))
        counted = np.clip(sizes, typical / _SIZE_SPAN, typical * _SIZE_SPAN)
        near = [np.exp(np.sort(cloud)[-CANDIDATES:] / _WIDTH).sum() for cloud in clouds]
        words = [_WORD_WEIGHT * close.words for close in known]
        return np.asarray(_WIDTH * np.log(near / counted) + words, dtype=np.float32)
