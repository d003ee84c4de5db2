"""Routing by the embedded model: by meaning, from agents' documents, descriptions and examples.

Each agent is a cloud of vectors: the passages of its knowledge, its examples, its description. A question goes to the
agent in whose cloud it lies densest; a message that asks two things is split where that explains it best. On
conversations with people this beats the nearest passage alone, and both beat descriptions by far.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import numpy as np

from agents.catalog import Agent
from agents.models.failures import ModelFailure
from agents.models.model_name import EMBEDDED
from agents.routing import agent_profiles
from agents.routing.router import MAX_AGENTS, RoutingDecision, RoutingQuestion, RoutingResult
from agents.routing.split_message import points_back, possible_splits
from knowledge.embedding.embedder import Embedder, Vector
from knowledge.retrieval.search import CANDIDATES, Searcher
from knowledge.text.english import ENGLISH
from knowledge.text.language import Language

# How fast the weight of a vector falls with its cosine distance.
_WIDTH = 0.05
# No cloud counts as larger or smaller than this many times the typical one.
_SIZE_SPAN = 5.0
_WORD_WEIGHT = 0.2
# The weight of the conversation so far, beside the question by itself.
_CONVERSATION_WEIGHT = 0.3
# The weight of the whole message's scores, beside those of its parts.
_WHOLE_WEIGHT = 0.15
# A part that points back to the one before it must be that much nearer to another agent.
_LEANING_COST = 0.05


class SemanticRouter:
    """A router that uses the embedded model. It needs no key and no network."""

    name = EMBEDDED
    kind = "meaning"

    def __init__(self, embedder: Embedder, searcher: Searcher) -> None:
        self._embedder = embedder
        self._searcher = searcher
        self._profiles = agent_profiles.ProfileCache(embedder)

    def held_back(self) -> ModelFailure | None:
        """Return None: the embedded model is always available."""
        return None

    async def warm_up(self, agents: Sequence[Agent]) -> None:
        """Embed the agents' profiles, so that the first questions need not all do so at once."""
        await self._profiles.profiles_of(agents)

    async def stream_decision(
        self, question: RoutingQuestion, agents: Sequence[Agent]
    ) -> AsyncGenerator[RoutingResult]:
        """Yield one decision."""
        yield RoutingResult(await self.choose_agents(question, agents), self)

    async def choose_agents(self, question: RoutingQuestion, agents: Sequence[Agent]) -> RoutingDecision:
        """Choose the agent that the question is nearest to, or one for each of its parts."""
        if asks_for_person(question.text):
            return RoutingDecision((), (), "the user asks for a person", 1.0, needs_human=True)
        scores = await self._score_agents(f"{question.context} {question.text}".strip(), agents, question.owner)
        if question.earlier:
            conversation = await self._score_agents(
                " ".join([*question.earlier, question.text]), agents, question.owner
            )
            scores = scores + _CONVERSATION_WEIGHT * conversation
        wanted = await self._assign_parts(question.text, scores, agents, question.owner, MAX_AGENTS - 1)
        chosen = sorted(wanted, key=lambda index: -scores[index])[:MAX_AGENTS]
        likelihood = np.exp((scores - scores.max()) / _WIDTH)
        names = " and ".join(agents[index].name for index in chosen)
        return RoutingDecision(
            agents=tuple(agents[index].id for index in chosen),
            parts=tuple(wanted[index] for index in chosen),
            reason=f"nearest to what {names} {'knows' if len(chosen) == 1 else 'know'}",
            confidence=float(likelihood[chosen].sum() / likelihood.sum()),
            familiarity=await self._measure_familiarity(question.text, agents, question.owner),
        )

    async def _measure_familiarity(self, text: str, agents: Sequence[Agent], owner: str) -> float:
        """Return the familiarity if agents have examples alone; with documents return 0, since search decides there."""
        known = await self._searcher.sizes(owner)
        if any(known.get(agent.knowledge) for agent in agents):
            return 0.0
        vector, profiles = await self._embed_with_profiles(text, agents)
        return self._profiles.familiarity(vector, profiles)

    async def _assign_parts(
        self, text: str, scores: Vector, agents: Sequence[Agent], owner: str, depth: int
    ) -> dict[int, str]:
        """Assign the text to one agent, or parts of it to several if that explains it better."""
        pairs = possible_splits(text) if depth else []
        # One batch is much faster than a text at a time, and embeddings are cached.
        await self._embedder.embed([part for pair in pairs for part in pair])
        best = _MessageSplit(0.0, "", "", scores, scores)
        for before, after in pairs:
            parts = await self._score_agents(before, agents, owner), await self._score_agents(after, agents, owner)
            best = max(best, _weigh_split(before, after, *parts, scores), key=lambda cut: cut.gain)
        if not best.after:
            return {int(scores.argmax()): text}
        wanted = await self._assign_parts(best.before, best.scores_before, agents, owner, depth - 1)
        rest = await self._assign_parts(best.after, best.scores_after, agents, owner, depth - 1)
        for index, part in rest.items():
            wanted[index] = f"{wanted[index]} {part}" if index in wanted else part
        return wanted

    async def _score_agents(self, text: str, agents: Sequence[Agent], owner: str) -> Vector:
        """Score each agent by how densely its cloud lies around a text and how well its knowledge matches the words."""
        known = await self._searcher.closeness(text, [agent.knowledge for agent in agents], owner=owner)
        vector, own = await self._embed_with_profiles(text, agents)
        clouds = [np.concatenate([one.vectors @ vector, close.cosines]) for one, close in zip(own, known, strict=True)]
        sizes = [len(one.vectors) + close.size for one, close in zip(own, known, strict=True)]
        typical = float(np.median(sizes))
        counted = np.clip(sizes, typical / _SIZE_SPAN, typical * _SIZE_SPAN)
        near = [np.exp(np.sort(cloud)[-CANDIDATES:] / _WIDTH).sum() for cloud in clouds]
        words = [_WORD_WEIGHT * close.words for close in known]
        # The centre of its examples tells much of an agent with little else, but misleads for one with many documents.
        share = sum(len(one.vectors) for one in own) / sum(sizes)
        centres = [share * float(one.centre @ vector) for one in own]
        return np.asarray(_WIDTH * np.log(near / counted) + words + centres, dtype=np.float32)

    async def _embed_with_profiles(
        self, text: str, agents: Sequence[Agent]
    ) -> tuple[Vector, list[agent_profiles.AgentProfile]]:
        """Return the vector of a text and the profiles of agents, all of one embedding model."""
        while True:
            model = self._embedder.model
            vector, profiles = (await self._embedder.embed([text]))[0], await self._profiles.profiles_of(agents)
            if self._embedder.model == model:
                return vector, profiles


def asks_for_person(text: str, language: Language = ENGLISH) -> bool:
    """Return True if the user would rather talk to a person."""
    return language.messages.person.search(text) is not None


@dataclass(frozen=True)
class _MessageSplit:
    """A message split in two parts, and how much better two agents explain it than one does."""

    gain: float
    before: str
    after: str
    scores_before: Vector
    scores_after: Vector


def _weigh_split(before: str, after: str, scores_before: Vector, scores_after: Vector, whole: Vector) -> _MessageSplit:
    pairs = scores_before[:, None] + scores_after[None, :] + _WHOLE_WEIGHT * (whole[:, None] + whole[None, :])
    alone = float(pairs.diagonal().max())
    np.fill_diagonal(pairs, -np.inf)
    gain = float(pairs.max()) - alone - (_LEANING_COST if points_back(after) else 0.0)
    return _MessageSplit(gain, before, after, scores_before, scores_after)
