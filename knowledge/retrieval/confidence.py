"""The confidence that the documents answer a question, rather than only resemble it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.index.lexical import LexicalQuery
from knowledge.retrieval.defining_words import missing_weights
from knowledge.retrieval.search_signals import SearchSignals
from knowledge.retrieval.units import ScoredUnit

# The score of a unit that does not answer.
_TYPICAL_SCORE = 0.9


@dataclass(frozen=True)
class AnswerSignals:
    """The features of an answer: those of the search, and those of the unit that answers best and of its section.

    `unit_margin` is the unit's lead over the best of another section, `missing_names` the share of the question's
    weight that falls on names which the section lacks, `missing_words` that of words which no document holds."""

    search: SearchSignals
    unit_cosine: float = 0.0
    unit_margin: float = 0.0
    missing_names: float = 0.0
    missing_words: float = 0.0

    @classmethod
    def of(
        cls,
        search: SearchSignals,
        units: Sequence[ScoredUnit],
        places: Sequence[tuple[str, str]],
        asked: LexicalQuery,
        section: str,
    ) -> "AnswerSignals":
        """Compute the signals from the units, best first, the section of each passage, and the text of the best one."""
        if not units:
            return cls(search)
        best = units[0]
        others = (unit.score for unit in units if places[unit.passage] != places[best.passage])
        missing = missing_weights(asked, section)
        return cls(
            search=search,
            unit_cosine=best.cosine,
            unit_margin=best.score - next(others, _TYPICAL_SCORE),
            missing_names=sum(weight for stem, weight in missing.items() if stem in asked.names) / asked.weight,
            missing_words=sum(weight for stem, weight in missing.items() if stem in asked.unknown) / asked.weight,
        )

    def values(self) -> list[float]:
        """Return the signals in their fixed order."""
        search = self.search
        return [
            *(search.cosine, search.share, search.unknown_names),
            *(self.unit_cosine, self.unit_margin, self.missing_names, self.missing_words),
        ]


# Chosen for the area under the curve, answerable against unanswerable, over a support forum, the documentation of a
# company and the samples, among round numbers; the bias makes 0.2 what declines one in twenty answerable questions.
_BIAS = -2.65
_WEIGHTS = (2.0, 1.0, -1.5, 1.0, 4.0, -1.0, -0.5)


def confidence(signals: AnswerSignals) -> float:
    """Return a confidence between 0 and 1; the thresholds of declining and of hedging are settings."""
    if not signals.unit_cosine:
        return 0.0
    total = _BIAS + sum(weight * value for weight, value in zip(_WEIGHTS, signals.values(), strict=True))
    return 1 / (1 + math.exp(-total))
