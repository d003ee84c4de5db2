"""What kind of answer a question wants is seen at once, whatever a document holds."""

import time

import pytest

from knowledge.text.answer_type import wanted_type


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("how long does it take?", "within 5 to 10 working days", "to the same card"),
        ("how much is it?", "The price is 12 USD.", "The price is fair."),
        ("how many seats?", "up to 50 seats", "many seats"),
    ],
)
def test_the_kind_is_told_from_the_words(question: str, right: str, wrong: str) -> None:
    is_wanted = wanted_type(question)
    assert is_wanted(right)
    assert not is_wanted(wrong)


@pytest.mark.parametrize("question", ["how long", "how much", "how many"])
def test_a_document_of_digits_costs_no_time(question: str) -> None:
    began = time.monotonic()
    wanted_type(question)("7" * 100_000 + " zzz")
    assert time.monotonic() - began < 10
