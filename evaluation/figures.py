"""Metrics: shares, ranks, confidence, time. None if a figure has no meaning, such as a share of no questions."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

Ranking = Sequence[str]


def share_of(hits: Sequence[bool]) -> float | None:
    """Return the share of hits, from 0 to 1."""
    return sum(hits) / len(hits) if hits else None


def mean(values: Sequence[float]) -> float | None:
    """Return the mean, or None if there are no values."""
    return sum(values) / len(values) if values else None


def is_hit(ranking: Ranking, relevant: Mapping[str, int], within: int) -> bool:
    """Return True if a relevant document is among the first `within`."""
    return any(relevant.get(found, 0) > 0 for found in ranking[:within])


def ndcg(ranking: Ranking, relevant: Mapping[str, int], within: int = 10) -> float:
    """Return nDCG: the gain of a ranking over that of the best one possible, where gains fall with the rank."""
    gained = _discounted_gain([relevant.get(found, 0) for found in ranking[:within]])
    best = _discounted_gain(sorted(relevant.values(), reverse=True)[:within])
    return gained / best if best else 0.0


def auc(above: Sequence[float], below: Sequence[float]) -> float | None:
    """Return how often a value of the first is larger than one of the second; ties count half."""
    if not above or not below:
        return None
    ordered = np.sort(np.asarray(below))
    smaller, not_larger = (np.searchsorted(ordered, above, side=side).sum() for side in ("left", "right"))
    return float((smaller + not_larger) / (2 * len(above) * len(below)))


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return the value that so many percent do not exceed."""
    return float(np.percentile(values, percent)) if values else None


def threshold_for(confidences: Sequence[float], wrongly: float) -> float | None:
    """Return the highest threshold that declines at most this share of questions of these confidences."""
    ordered = sorted(confidences)
    return ordered[min(int(wrongly * len(ordered)), len(ordered) - 1)] if ordered else None


def macro_f1(expected: Sequence[str], chosen: Sequence[str]) -> float | None:
    """Return the mean F1 over all expected labels: how precisely and how completely each was chosen."""
    scores = []
    for label in set(expected):
        right = sum(e == c == label for e, c in zip(expected, chosen, strict=True))
        scores.append(2 * right / (expected.count(label) + chosen.count(label)))
    return mean(scores)


def _discounted_gain(grades: Sequence[int]) -> float:
    return sum(grade / math.log2(place + 2) for place, grade in enumerate(grades) if grade > 0)
