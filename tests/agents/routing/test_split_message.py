"""A message is split into the questions it asks, each of which can be understood alone."""

import pytest

from agents.routing.split_message import marked_questions, whole_questions


def texts_of(message: str) -> list[str]:
    return [part.text for part in whole_questions(marked_questions(message, 3))]


@pytest.mark.parametrize(
    ("message", "questions"),
    [
        ("How do I cancel, and will I get my money back?", ["How do I cancel", "Will I get my money back?"]),
        (
            "How do I export my files? And who can see my folder?",
            ["How do I export my files?", "Who can see my folder?"],
        ),
        ("can we sign a DPA and do charities pay less", ["Can we sign a DPA", "Do charities pay less"]),
        (
            "My phone is gone, how do I get in? and can we get a trial of business to test it",
            ["My phone is gone, how do I get in?", "Can we get a trial of business to test it"],
        ),
        (
            "What is the limit on uploads? He also asks on which nights the service is down.",
            ["What is the limit on uploads?", "He also asks on which nights the service is down."],
        ),
    ],
)
def test_each_question_is_a_part(message: str, questions: list[str]) -> None:
    assert texts_of(message) == questions


@pytest.mark.parametrize(
    "message",
    [
        "How do I cancel and if so how?",
        "Why is my sync stuck, and why?",
        "How do I turn on and off notifications?",
        "What happens if and when I cancel?",
        "Do you accept the reduced amount, or do we have to gross it up?",
        "When I upload a file it fails. How do I fix it?",
        "Does it run on a Raspberry Pi, i.e. Linux on ARM?",
        "my password is lost and can you reset it",
        "I moved house and I want to know what to do",
        "The sync is slow, which is annoying, and it fails at night.",
        "",
        "?",
    ],
)
def test_one_question_stays_whole(message: str) -> None:
    assert marked_questions(message, 3) == [message]


@pytest.mark.parametrize(
    ("message", "second"),
    [
        ("What is the largest file on Team and how much is it a month?", "How much is it a month? (Team)"),
        ("How do I get a refund and how long does it take?", "How long does it take? (refund)"),
        ("Can I invite guests and do they cost anything?", "Do they cost anything? (invite guests)"),
    ],
)
def test_a_part_that_points_back_is_given_its_subject(message: str, second: str) -> None:
    assert texts_of(message)[1] == second


def test_an_introduction_belongs_to_every_part() -> None:
    parts = whole_questions(
        marked_questions("We are a team of 12 on Business. How do I add seats, and can we pay by invoice?", 3)
    )
    assert [part.text for part in parts] == [
        "We are a team of 12 on Business. How do I add seats",
        "We are a team of 12 on Business. Can we pay by invoice?",
    ]
    assert [part.heading for part in parts] == ["How do I add seats", "Can we pay by invoice?"]


def test_what_introduces_nothing_is_left_out() -> None:
    assert texts_of("Two things: how do I rename a folder, and where are deleted files kept?") == [
        "How do I rename a folder",
        "Where are deleted files kept?",
    ]


def test_no_more_parts_than_may_be_and_nothing_is_lost() -> None:
    message = "How do I export files? Who sees my folder? Where is data stored? When is support open?"
    assert marked_questions(message, 3) == [
        "How do I export files?",
        "Who sees my folder?",
        "Where is data stored? When is support open?",
    ]
