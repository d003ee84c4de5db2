"""The figures, on cases whose values are known."""

import math

import pytest

from evaluation.figures import auc, is_hit, macro_f1, mean, ndcg, percentile, share_of, threshold_for

RELEVANT = {"a": 2, "b": 1}


def test_a_figure_of_nothing_has_no_value() -> None:
    assert [share_of([]), mean([]), percentile([], 50), threshold_for([], 0.1), macro_f1([], [])] == [None] * 5
    assert auc([], [1.0]) is auc([1.0], []) is None


def test_hits_are_within_the_first() -> None:
    assert [is_hit(["x", "b"], RELEVANT, within) for within in (1, 2)] == [False, True]
    assert not is_hit(["c"], {"c": 0}, 1)


@pytest.mark.parametrize(
    ("ranking", "value"),
    [
        (["a", "b"], 1.0),
        (["b", "a"], (1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3))),
        (["x", "a"], (2 / math.log2(3)) / (2 + 1 / math.log2(3))),
        (["x"] * 10 + ["a"], 0.0),
        ([], 0.0),
    ],
)
def test_ndcg_weighs_grades_by_their_place(ranking: list[str], value: float) -> None:
    assert ndcg(ranking, RELEVANT) == pytest.approx(value)


def test_the_best_ranking_of_more_than_ten_is_a_full_one() -> None:
    relevant = {str(number): 1 for number in range(30)}
    assert ndcg([str(number) for number in range(10)], relevant) == pytest.approx(1.0)


def test_auc_counts_ties_half() -> None:
    assert auc([0.9, 0.5], [0.5, 0.1]) == pytest.approx(3.5 / 4)
    assert auc([0.1], [0.9]) == 0.0


@pytest.mark.parametrize(("wrongly", "declined"), [(0.05, 5), (0.0, 0), (0.5, 50), (0.999, 99)])
def test_the_threshold_declines_no_more_than_allowed(wrongly: float, declined: int) -> None:
    confidences = [number / 100 for number in range(100, 0, -1)]
    threshold = threshold_for(confidences, wrongly)
    assert threshold is not None
    assert sum(confidence < threshold for confidence in confidences) == declined


def test_macro_f1_counts_every_agent_alike() -> None:
    expected = ["a"] * 8 + ["b"] * 2
    assert macro_f1(expected, ["a"] * 10) == pytest.approx((16 / 18 + 0) / 2)
    assert macro_f1(expected, expected) == 1.0
