"""Routing by the embedded model: by the evidence in agents' documents, and by their descriptions and examples.

Each agent is a cloud of vectors: the passages of its knowledge, its examples, its description. A question goes to the
agent in whose cloud it lies densest and whose folder holds the best passages for it. A message that asks two things is
split where its words say so, or where two agents explain it better than one.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import numpy as np

from agents.catalog import Agent
from agents.conversation.message_reading import asks_for_person
from agents.models.failures import ModelFailure
from agents.models.model_name import EMBEDDED
from agents.routing import agent_profiles
from agents.routing.router import MAX_PARTS, RoutingDecision, RoutingQuestion, RoutingResult
from agents.routing.split_message import MessagePart, marked_questions, points_back, possible_splits, whole_questions
from knowledge.embedding.embedder import Embedder, Vector
from knowledge.retrieval.search import CANDIDATES, FolderCloseness, FolderFindings, Searcher

# How fast the weight of a vector falls with its cosine distance.
_WIDTH = 0.05
# No cloud counts as larger or smaller than this many times the typical one.
_SIZE_SPAN = 5.0
_WORD_WEIGHT = 0.2
_EVIDENCE_WEIGHT = 1.0
# The passages of a folder whose mean score is its evidence.
_EVIDENCE_PASSAGES = 3
# The folders whose passages are read; of more, those of the nearest clouds.
_MOST_SEARCHED = 8
# The weight of the conversation so far, beside the question by itself.
_CONVERSATION_WEIGHT = 0.3
# The weight of the whole message's scores, beside those of its parts.
_WHOLE_WEIGHT = 0.15
# How much better two agents must explain a message that its words do not split.
_LEAST_GAIN = 0.04
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
        """Choose the agent whose documents answer the question best, or one for each question of a message."""
        if asks_for_person(question.text):
            return RoutingDecision((), (), "the user asks for a person", 1.0, needs_human=True)
        found: list[FolderFindings] = []
        whole = f"{question.context} {question.text}".strip()
        scores = await self._score_by_evidence(whole, agents, question.owner, found)
        if question.earlier:
            conversation = " ".join([*question.earlier, question.text])
            scores = scores + _CONVERSATION_WEIGHT * await self._score_agents(conversation, agents, question.owner)
        wanted = await self._assign_parts(question, agents, scores, found)
        chosen = sorted(wanted, key=lambda index: -scores[index])
        likelihood = np.exp((scores - scores.max()) / _WIDTH)
        names = " and ".join(agents[index].name for index in chosen)
        return RoutingDecision(
            agents=tuple(agents[index].id for index in chosen),
            parts=tuple(tuple(part.text for part in wanted[index]) for index in chosen),
            headings=tuple(tuple(part.heading for part in wanted[index]) for index in chosen),
            reason=f"nearest to what {names} {'knows' if len(chosen) == 1 else 'know'}",
            confidence=float(likelihood[chosen].sum() / likelihood.sum()),
            familiarity=await self._measure_familiarity(question.text, agents, question.owner),
            found=tuple(found),
        )

    async def _measure_familiarity(self, text: str, agents: Sequence[Agent], owner: str) -> float:
        """Return the familiarity if agents have examples alone; with documents return 0, since search decides there."""
        known = await self._searcher.sizes(owner)
        if any(known.get(agent.knowledge) for agent in agents):
            return 0.0
        vector, profiles = await self._embed_with_profiles(text, agents)
        return self._profiles.familiarity(vector, profiles)

    async def _assign_parts(
        self, question: RoutingQuestion, agents: Sequence[Agent], scores: Vector, found: list[FolderFindings]
    ) -> dict[int, list[MessagePart]]:
        """Assign each question of a message to an agent: those its words mark, or that suit two agents better."""
        questions = marked_questions(question.text, MAX_PARTS)
        is_marked = len(questions) > 1
        if not is_marked:
            questions = await self._split_by_agents(question.text, scores, agents, question.owner, MAX_PARTS - 1)
            questions[MAX_PARTS - 1 :] = filter(None, [" ".join(questions[MAX_PARTS - 1 :])])
        wanted: dict[int, list[MessagePart]] = {}
        for part in whole_questions(questions) if len(questions) > 1 else ():
            text = f"{question.context} {part.text}".strip()
            own = await self._score_by_evidence(text, agents, question.owner, found)
            wanted.setdefault(int((own + _WHOLE_WEIGHT * scores).argmax()), []).append(part)
        # A message that was split for the sake of two agents is one question if it is for one.
        if is_marked or len(wanted) > 1:
            return wanted
        return {int(scores.argmax()): [MessagePart(question.text, question.text)]}

    async def _split_by_agents(
        self, text: str, scores: Vector, agents: Sequence[Agent], owner: str, depth: int
    ) -> list[str]:
        """Split a text if that explains it better than one agent does."""
        pairs = possible_splits(text) if depth else []
        # One batch is much faster than a text at a time, and embeddings are cached.
        await self._embedder.embed([part for pair in pairs for part in pair])
        best = _MessageSplit(_LEAST_GAIN, "", "", scores, scores)
        for before, after in pairs:
            parts = await self._score_agents(before, agents, owner), await self._score_agents(after, agents, owner)
            best = max(best, _weigh_split(before, after, *parts, scores), key=lambda cut: cut.gain)
        if not best.after:
            return [text]
        return [
            *await self._split_by_agents(best.before, best.scores_before, agents, owner, depth - 1),
            *await self._split_by_agents(best.after, best.scores_after, agents, owner, depth - 1),
        ]

    async def _score_by_evidence(
        self, text: str, agents: Sequence[Agent], owner: str, found: list[FolderFindings]
    ) -> Vector:
        """Score the agents by their clouds and by the best passages of their folders, which are added to `found`."""
        folders = list(dict.fromkeys(agent.knowledge for agent in agents))
        if len(folders) > _MOST_SEARCHED:
            scores = await self._score_agents(text, agents, owner)
            nearest = sorted(range(len(agents)), key=lambda index: -scores[index])
            folders = list(dict.fromkeys(agents[index].knowledge for index in nearest))[:_MOST_SEARCHED]
            findings = await self._searcher.search_folders(text, folders, owner=owner)
        else:
            findings = await self._searcher.search_folders(text, folders, owner=owner)
            close = dict(zip(folders, (one.closeness for one in findings), strict=True))
            scores = await self._score_clouds(text, agents, [close[agent.knowledge] for agent in agents])
        found += findings
        best = {folder: _best_evidence(one) for folder, one in zip(folders, findings, strict=True) if one.passages}
        if not best:
            return scores
        # Folders without documents tell nothing, and those that were not searched are further than those that were.
        empty, unread = sum(best.values()) / len(best), min(best.values())
        evidence = [best.get(agent.knowledge, empty if agent.knowledge in folders else unread) for agent in agents]
        return np.asarray(scores + _EVIDENCE_WEIGHT * np.asarray(evidence), dtype=np.float32)

    async def _score_agents(self, text: str, agents: Sequence[Agent], owner: str) -> Vector:
        """Score the agents by their clouds, without reading what their folders hold."""
        known = await self._searcher.closeness(text, [agent.knowledge for agent in agents], owner=owner)
        return await self._score_clouds(text, agents, known)

    async def _score_clouds(self, text: str, agents: Sequence[Agent], known: Sequence[FolderCloseness]) -> Vector:
        """Score each agent by how densely its cloud lies around a text and how well its knowledge matches the words."""
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


def _best_evidence(findings: FolderFindings) -> float:
    """Return the mean score of a folder's best passages."""
    best = findings.passages[:_EVIDENCE_PASSAGES]
    return sum(passage.score for passage in best) / len(best)


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
