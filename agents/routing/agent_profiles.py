"""Agent profiles: examples and descriptions of agents as vectors, and how far a question is from all of them."""

from collections.abc import Sequence

import numpy as np

from agents.catalog import Agent
from knowledge.embedding.embedder import Embedder, Vector, Vectors

# The share of the examples that would themselves be taken for out-of-scope questions.
_STRANGE = 0.1
# Comparing more examples than this adds nothing to the estimate of how near they are to each other.
_MOST_COMPARED = 1_000
_AGENTS_REMEMBERED = 1_000


class AgentProfile:
    """The profile of one agent: its examples and description as vectors. `centre` is their mean, of length 1."""

    def __init__(self, vectors: Vectors) -> None:
        self.vectors = vectors
        self.sum: Vector = vectors.sum(axis=0)
        self.centre = _unit_vector(self.sum)


class ProfileCache:
    """A cache of agent profiles of one embedding model, embedded when they are first asked for."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._model = embedder.model
        self._profiles: dict[tuple[str, ...], AgentProfile] = {}
        self._least_near: tuple[tuple[AgentProfile, ...], float] | None = None

    async def profiles_of(self, agents: Sequence[Agent]) -> list[AgentProfile]:
        """Return the profile of each agent."""
        model = self._embedder.model
        texts = [tuple(filter(None, (*agent.examples, agent.description))) for agent in agents]
        if len(self._profiles) > _AGENTS_REMEMBERED or model != self._model:
            self._profiles, self._model = {}, model
        profiles = self._profiles
        for unknown in dict.fromkeys(described for described in texts if described not in profiles):
            profiles[unknown] = AgentProfile(await self._embedder.embed(unknown))
        if self._embedder.model != model:
            return await self.profiles_of(agents)
        return [profiles[described] for described in texts]

    def familiarity(self, vector: Vector, profiles: Sequence[AgentProfile]) -> float:
        """Return how much nearer a question is to the profiles than their strangest tenth is to the rest of them."""
        if self._least_near is None or self._least_near[0] != tuple(profiles):
            self._least_near = tuple(profiles), _least_near(profiles)
        return _nearness_to_profiles(vector, profiles) - self._least_near[1]


def _nearness_to_profiles(vector: Vector, profiles: Sequence[AgentProfile]) -> float:
    """Return the similarity to the nearest profile text plus that to the nearest centre."""
    return float(max((one.vectors @ vector).max() for one in profiles) + max(one.centre @ vector for one in profiles))


def _least_near(profiles: Sequence[AgentProfile]) -> float:
    """Return how near to the others all but the strangest texts of the profiles are."""
    every = np.concatenate([one.vectors for one in profiles])
    whose = np.repeat(np.arange(len(profiles)), [len(one.vectors) for one in profiles])
    compared = np.unique(np.linspace(0, len(every) - 1, min(len(every), _MOST_COMPARED)).astype(int))
    centres = np.stack([one.centre for one in profiles])
    near = []
    for place in compared:
        vector, own = every[place], whose[place]
        others = every @ vector
        others[place] = -1.0
        to_centres = centres @ vector
        # The centre of its own agent is computed without it.
        to_centres[own] = _unit_vector(profiles[own].sum - vector) @ vector
        near.append(others.max() + to_centres.max())
    return float(np.quantile(near, _STRANGE))


def _unit_vector(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector
