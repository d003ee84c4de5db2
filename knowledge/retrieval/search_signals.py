"""The features of a search result: how far one document stands out from all others found.

If a collection holds the answer, one document stands out. If it does not, several look equally near.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# The number of documents that the best one is compared with.
_COMPETITORS = 9
# The softmax temperature: how fast a document's share falls with its distance from the best one.
_WIDTH = 0.05
# The score of an irrelevant document.
_TYPICAL_SCORE = 0.3


@dataclass(frozen=True)
class SearchSignals:
    """The features of a search result.

    `cosine` is that of the best passage, `share` the best document's softmax share among all, `unknown_names` the share
    of the question's weight that falls on names which no document holds."""

    cosine: float = 0.0
    share: float = 0.0
    unknown_names: float = 0.0

    @classmethod
    def of(
        cls, documents: Sequence[str], cosines: Sequence[float], scores: Sequence[float], unknown_names: float
    ) -> "SearchSignals":
        """Compute the signals from each passage's document, cosine and score, and the share of unknown names."""
        if not documents:
            return cls()
        best: dict[str, float] = {}
        for document, score in zip(documents, scores, strict=True):
            best[document] = max(score, best.get(document, score))
        others = sorted(best.values(), reverse=True)[1 : 1 + _COMPETITORS]
        # As many as there might be: a small collection does not make its best document stand out.
        others += [_TYPICAL_SCORE] * (_COMPETITORS - len(others))
        distances = np.asarray([0.0, *(score - max(best.values()) for score in others)])
        return cls(cosine=max(cosines), share=float(1 / np.exp(distances / _WIDTH).sum()), unknown_names=unknown_names)
