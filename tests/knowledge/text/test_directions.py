"""The direction of a question, and whether a text goes the same way."""

import pytest

from knowledge.text.directions import agreement


@pytest.mark.parametrize(
    ("question", "text", "agrees"),
    [
        ("How do I turn on two-factor authentication?", "Select Enable below Two-factor authentication.", 1),
        ("How do I turn on two-factor authentication?", "Turning two-factor authentication off", -1),
        ("switch the sync client off", "Disable the sync client", 1),
        ("How do I add a member?", "Remove a member", -1),
        ("Can I cancel before the renewal?", "After the renewal there is no refund.", -1),
        ("What does it cost with tax?", "The price without tax is 6 USD.", -1),
        ("How do I unsubscribe?", "Subscribe to the newsletter", -1),
        # What mentions both ways, or none, tells nothing.
        ("How do I turn on two-factor authentication?", "You can turn it on and turn it off at any time.", 0),
        ("What is two-factor authentication?", "Turning two-factor authentication off", 0),
    ],
)
def test_a_text_goes_the_way_of_a_question_or_the_opposite_one(question: str, text: str, agrees: int) -> None:
    assert agreement(question, text) == agrees
