"""Labelled questions: JSON lines of `question`, `agents`, `documents` (folder/path), `answerable`, `history`.

Also the results: what the desk did with each of them, and whether that was right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

from pydantic import BaseModel, Field

from evaluation import figures
from evaluation.reading import read_objects
from knowledge.errors import QuestionsInvalid
from knowledge.retrieval.support import SUPPORTED


@dataclass(frozen=True)
class Labelled:
    """A question labelled with the right agents and documents; `history` holds the user's earlier turns."""

    text: str
    history: tuple[str, ...]
    agents: frozenset[str]
    documents: frozenset[str]
    answerable: bool


@dataclass(frozen=True)
class Measured:
    """The result of a question: sources by agent, best first; how well each sentence is supported.

    `confidence` is None if no agent searched for evidence, such as when the user asks for a person.
    """

    question: Labelled
    agents: tuple[str, ...]
    route_confidence: float
    sources: dict[str, tuple[str, ...]]
    confidence: float | None
    declined: bool
    answer: str
    sentences: tuple[float, ...]
    seconds: float
    hedged: bool = False

    @property
    def routed(self) -> bool:
        """True if exactly the right agents were asked."""
        return frozenset(self.agents) == self.question.agents

    def has_found(self, within: int) -> bool:
        """Return True if every folder with expected documents has one of them among some agent's first sources."""
        first = {self._expected_label(uri) for uris in self.sources.values() for uri in uris[:within]}
        expected = self.question.documents
        return {_folder_of(label) for label in first & expected} == {_folder_of(label) for label in expected}

    def has_found_any(self, within: int) -> bool:
        """Return True if an expected document is among the first sources, whichever agents they are of."""
        return figures.is_hit(self._ranking, dict.fromkeys(self.question.documents, 1), within)

    @property
    def ndcg(self) -> float:
        """The nDCG of the sources."""
        return figures.ndcg(self._ranking, dict.fromkeys(self.question.documents, 1))

    @property
    def _ranking(self) -> list[str]:
        """The sources: each agent's first, then each agent's second, and so on."""
        taken = chain.from_iterable(zip_longest(*self.sources.values()))
        return list(dict.fromkeys(self._expected_label(uri) for uri in taken if uri))

    def declined_at(self, threshold: float, present: float) -> bool:
        """Return True if the question would be declined at a threshold, as far as asking it at `present` tells."""
        if self.confidence is None:
            return self.declined
        had_nothing_to_say = self.declined and self.confidence >= present
        return self.confidence < threshold or had_nothing_to_say

    @property
    def unsupported(self) -> int:
        """The number of sentences of the answer that its evidence does not support."""
        return sum(score < SUPPORTED for score in self.sentences)

    def _expected_label(self, uri: str) -> str:
        """Return the expected label of a URI, or else the URI; a label may leave the folder out."""
        return next((label for label in self.question.documents if uri == label or uri.endswith(f"/{label}")), uri)


def read_questions(path: Path) -> list[Labelled]:
    """Read the labelled questions of a file, or raise an error that names the line."""
    questions = [line.to_question() for _, line in read_objects(path, _QuestionLine)]
    if not questions:
        raise QuestionsInvalid(f"{path} holds no questions")
    return questions


def split_halves(measured: Sequence[Measured]) -> tuple[list[Measured], list[Measured]]:
    """Split the questions into two halves alike in kind, always the same: every other question of each kind."""
    tuning: list[Measured] = []
    reporting: list[Measured] = []
    seen: dict[tuple[bool, frozenset[str], bool], int] = {}
    for item in measured:
        kind = (item.question.answerable, item.question.agents, bool(item.question.history))
        seen[kind] = seen.get(kind, 0) + 1
        (tuning if seen[kind] % 2 else reporting).append(item)
    return tuning, reporting


class _QuestionLine(BaseModel):
    question: str = Field(min_length=1)
    history: tuple[str, ...] = ()
    agents: frozenset[str] = frozenset()
    documents: frozenset[str] = frozenset()
    answerable: bool

    def to_question(self) -> Labelled:
        return Labelled(self.question, self.history, self.agents, self.documents, self.answerable)


def _folder_of(label: str) -> str:
    return label.split("/")[0] if "/" in label else ""
