"""The features of a search result: how far one document stands out from all others found.

If a collection holds the answer, one document stands out. If it does not, several look equally near.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

# The number of documents that the best one is compared with.
_COMPETITORS = 9
# The softmax temperature: how fast a document's share falls with its distance from the best one.
_WIDTH = 0.05
# The scores of an irrelevant document, in total and by words alone.
_TYPICAL_SCORE, _TYPICAL_MATCH = 0.3, 0.15


@dataclass(frozen=True)
class SearchSignals:
    """The features of a search result.

    `cosine` is that of the best passage. `lead` is the best document's margin over the next ones, `share` its softmax
    share among all. `words_lead` is the margin by which one document matches the question's words better than any
    other. `unknown_names` is the share of the question's weight that falls on names which no document holds."""

    cosine: float = 0.0
    lead: float = 0.0
    share: float = 0.0
    words_lead: float = 0.0
    unknown_names: float = 0.0

    @classmethod
    def of(
        cls,
        documents: Sequence[str],
        cosines: Sequence[float],
        scores: Sequence[float],
        matches: Sequence[Mapping[str, float]],
        weight: float,
        unknown_names: float,
    ) -> "SearchSignals":
        """Compute the signals from each passage's document, cosine, score and match of each word.

        `weight` is the total weight of the question's words, `unknown_names` the weight of its unknown names."""
        if not documents:
            return cls()
        best: dict[str, float] = {}
        matched: dict[str, dict[str, float]] = {}
        for document, score, match in zip(documents, scores, matches, strict=True):
            best[document] = max(score, best.get(document, score))
            words = matched.setdefault(document, {})
            for word, value in match.items():
                words[word] = max(value, words.get(word, 0.0))
        ranked = _rank_scores(list(best.values()), _TYPICAL_SCORE)
        by_words = _rank_scores([sum(words.values()) / weight for words in matched.values()], _TYPICAL_MATCH)
        return cls(
            cosine=max(cosines),
            lead=float(ranked[0] - ranked[1 : 1 + _COMPETITORS].mean()),
            share=float(1 / np.exp((ranked - ranked[0]) / _WIDTH).sum()),
            words_lead=float(by_words[0] - by_words[1]),
            unknown_names=unknown_names / weight,
        )


def _rank_scores(values: list[float], typical: float) -> "np.typing.NDArray[np.float64]":
    """Sort best first, padded to a fixed length with the score of an irrelevant document."""
    missing = 1 + _COMPETITORS - len(values)
    ranked = np.sort(values)[::-1]
    return np.concatenate([ranked[:1], np.sort([*ranked[1:], *[typical] * missing])[::-1]])
