"""Messages that are about the conversation are told from questions, on labelled ones."""

import pytest

from agents.conversation.message_reading import MessageReading, questions_among, read_message
from agents.conversation.wordings.english import ENGLISH_WORDING
from agents.conversation.wordings.german import GERMAN_WORDING
from tests.bench.message_reading import SETS, read_set, share

SHARE = "How do I share a file with a client?"


@pytest.mark.parametrize(("name", "least"), [("tuning", 0.98), ("held_out", 0.88), ("languages", 0.97)])
def test_what_messages_want_is_read_and_no_question_is_swallowed(name: str, least: float) -> None:
    read = read_set(name)
    assert share([one.is_right for one in read]) >= least
    assert [one.label["message"] for one in read if one.is_swallowed] == []


@pytest.mark.parametrize("name", SETS)
def test_complaints_are_told_from_other_questions(name: str) -> None:
    assert share([one.has_right_tone for one in read_set(name)]) >= 0.97


def test_the_language_of_a_labelled_message_is_told() -> None:
    read = read_set("languages")
    assert share([one.reading.language == one.label["language"] for one in read]) >= 0.97


def test_nobody_is_told_sorry_twice_in_a_row() -> None:
    complaint = "This is ridiculous, I was charged twice!"
    assert read_message(complaint).complaint
    assert not read_message(complaint, [SHARE], f"{ENGLISH_WORDING.acknowledgement}\n\nOpen **Share**. [1]").complaint


@pytest.mark.parametrize(
    ("message", "act"),
    [("yes please", "person"), ("Sure", "person"), ("no thanks", "agreement"), ("No", "agreement")],
)
def test_an_offered_person_is_accepted_or_not(message: str, act: str) -> None:
    offered = f"{ENGLISH_WORDING.unknown} {ENGLISH_WORDING.offer}"
    assert read_message(message, ["Do you take Bitcoin?"], offered).act == act
    assert read_message(message, ["Do you take Bitcoin?"], "Yes. [1]").act == "agreement"


def test_an_offer_is_accepted_in_its_language() -> None:
    offered = f"{GERMAN_WORDING.unknown} {GERMAN_WORDING.offer}"
    assert read_message("ja, gerne", ["Nehmt ihr Bitcoin an?"], offered) == MessageReading("person", "de")


def test_the_documents_tell_a_subject_from_an_insult() -> None:
    assert read_message("you useless muppets", is_known=lambda word: False).act == "anger"
    assert read_message("your useless invoices", is_known=lambda word: word == "invoices").act == "question"


def test_a_long_message_is_about_something() -> None:
    assert read_message("thanks " + " ".join(f"word{number}" for number in range(300))).act == "question"


def test_what_was_said_between_questions_is_left_out() -> None:
    assert questions_among(["hi", SHARE, "thanks!", "why?", "it doesn't work"]) == [SHARE, "why?"]
