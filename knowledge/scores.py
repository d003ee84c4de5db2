"""What is counted in an evaluation, and the threshold that half of the questions give."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FIRST_SOURCES = 3


@dataclass(frozen=True)
class Labelled:
    """A question with what a good desk does with it."""

    text: str
    history: tuple[str, ...]
    agents: frozenset[str]
    documents: frozenset[str]
    answerable: bool


@dataclass(frozen=True)
class Measured:
    """What the desk did with a question; sources by agent, best first."""

    question: Labelled
    agents: tuple[str, ...]
    route_confidence: float
    sources: dict[str, tuple[str, ...]]
    confidence: float
    seconds: float

    @property
    def routed(self) -> bool:
        return frozenset(self.agents) == self.question.agents

    @property
    def document_found(self) -> bool:
        """Whether every folder that holds expected documents has one of them among some agent's first sources."""
        first = {uri for uris in self.sources.values() for uri in uris[:FIRST_SOURCES]}
        found = {label for label in self.question.documents if any(_names(label, uri) for uri in first)}
        return {_folder(label) for label in found} == {_folder(label) for label in self.question.documents}


@dataclass(frozen=True)
class Scores:
    """The figures. Shares are of the questions that each concerns."""

    questions: int
    threshold: float
    routed_single: float
    routed_two: float
    routed: float
    document_in_first_3: float
    declined: float
    wrongly_declined: float
    auc_answerable: float
    ms_p50: float
    ms_p99: float

    @classmethod
    def of(cls, measured: Sequence[Measured], threshold: float) -> "Scores":
        answerable = [m for m in measured if m.question.answerable]
        unanswerable = [m for m in measured if not m.question.answerable]
        milliseconds = [1000 * m.seconds for m in measured]
        return cls(
            questions=len(measured),
            threshold=threshold,
            routed_single=_share([m.routed for m in measured if len(m.question.agents) == 1]),
            routed_two=_share([m.routed for m in measured if len(m.question.agents) > 1]),
            routed=_share([m.routed for m in measured]),
            document_in_first_3=_share([m.document_found for m in answerable]),
            declined=_share([m.confidence < threshold for m in unanswerable]),
            wrongly_declined=_share([m.confidence < threshold for m in answerable]),
            auc_answerable=_auc([m.confidence for m in answerable], [m.confidence for m in unanswerable]),
            ms_p50=float(np.percentile(milliseconds, 50)),
            ms_p99=float(np.percentile(milliseconds, 99)),
        )

    def rows(self) -> list[tuple[str, str]]:
        """Labels and values for the terminal."""
        return [
            ("routed to the right agents, one-agent questions", f"{self.routed_single:.1%}"),
            ("routed to the right agents, two-agent questions", f"{self.routed_two:.1%}"),
            ("routed to the right agents, all", f"{self.routed:.1%}"),
            ("expected document among the first 3 sources", f"{self.document_in_first_3:.1%}"),
            ("unanswerable questions declined", f"{self.declined:.1%}"),
            ("answerable questions wrongly declined", f"{self.wrongly_declined:.1%}"),
            ("AUC, answerable from unanswerable", f"{self.auc_answerable:.3f}"),
            ("routing and evidence, ms, median / 99th percentile", f"{self.ms_p50:.0f} / {self.ms_p99:.0f}"),
        ]


def halves(measured: Sequence[Measured]) -> tuple[list[Measured], list[Measured]]:
    """Two halves alike in kind, the same ones every time: every other question of each kind."""
    tuning: list[Measured] = []
    reporting: list[Measured] = []
    seen: dict[tuple[bool, frozenset[str], bool], int] = {}
    for item in measured:
        kind = (item.question.answerable, item.question.agents, bool(item.question.history))
        seen[kind] = seen.get(kind, 0) + 1
        (tuning if seen[kind] % 2 else reporting).append(item)
    return tuning, reporting


def threshold_for(measured: Sequence[Measured], wrongly: float) -> float:
    """The highest threshold that declines no more than this share of the answerable questions."""
    confidences = sorted(m.confidence for m in measured if m.question.answerable)
    place = min(int(wrongly * len(confidences)), len(confidences) - 1)
    return confidences[place] if confidences else 0.5


def worst(measured: Sequence[Measured], threshold: float) -> list[tuple[str, Measured]]:
    """Misses, those first of which the desk was surest."""
    misses: list[tuple[float, str, Measured]] = []
    for m in measured:
        if not m.routed:
            misses.append((m.route_confidence, "wrong agent", m))
        elif m.question.answerable and m.confidence < threshold:
            misses.append((1 - m.confidence, "wrongly declined", m))
        elif m.question.answerable and not m.document_found:
            misses.append((m.confidence, "document missed", m))
        elif not m.question.answerable and m.confidence >= threshold:
            misses.append((m.confidence, "not declined", m))
    return [(what, miss) for _, what, miss in sorted(misses, key=lambda item: -item[0])]


def _names(label: str, uri: str) -> bool:
    """A label may leave the folder out."""
    return uri == label or uri.endswith(f"/{label}")


def _folder(label: str) -> str:
    return label.split("/")[0] if "/" in label else ""


def _share(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits) if hits else 0.0


def _auc(above: Sequence[float], below: Sequence[float]) -> float:
    """How often an answerable question is more certain than an unanswerable one; ties count half."""
    if not above or not below:
        return 0.5
    difference = np.subtract.outer(np.asarray(above), np.asarray(below))
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())
