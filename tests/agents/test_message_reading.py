"""Messages that are about the conversation are told from questions, on labelled ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from agents.conversation.message_reading import MessageReading, questions_among, read_message
from agents.conversation.wordings.english import ENGLISH_WORDING
from agents.conversation.wordings.german import GERMAN_WORDING
from knowledge.text import words
from tests.serving import ROOT

LABELLED = ROOT / "tests/data/conversation"
# Replies to small talk; the labels do not tell them apart.
SMALL_TALK = {"identity", "abilities", "wellbeing", "greeting"}
SHARE = "How do I share a file with a client?"


def labelled(name: str) -> list[dict[str, Any]]:
    lines = (LABELLED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def vocabulary() -> set[str]:
    """The stems of the sample documents."""
    texts = (path.read_text(encoding="utf-8") for path in Path(ROOT / "knowledge/samples").rglob("*.md"))
    return {stem for text in texts for stem in words.stems(text)}


def read(line: dict[str, Any], vocabulary: set[str]) -> MessageReading:
    return read_message(line["message"], line.get("earlier", ()), is_known=lambda word: words.stem(word) in vocabulary)


def is_right(line: dict[str, Any], act: str) -> bool:
    return act in SMALL_TALK if line["act"] == "small_talk" else act == line["act"]


@pytest.mark.parametrize(("name", "least"), [("tuning", 0.98), ("held_out", 0.88), ("languages", 0.97)])
def test_what_messages_want_is_read_and_no_question_is_swallowed(name: str, least: float, vocabulary: set[str]) -> None:
    lines = labelled(name)
    readings = [read(line, vocabulary) for line in lines]
    right = [is_right(line, reading.act) for line, reading in zip(lines, readings, strict=True)]
    assert sum(right) / len(right) >= least
    swallowed = [
        line["message"]
        for line, reading in zip(lines, readings, strict=True)
        if line["act"] == "question" and not reading.wants_answer
    ]
    assert swallowed == []


@pytest.mark.parametrize(("name", "least"), [("tuning", 0.98), ("held_out", 0.97), ("languages", 0.97)])
def test_complaints_are_told_from_other_questions(name: str, least: float, vocabulary: set[str]) -> None:
    lines = labelled(name)
    right = [read(line, vocabulary).complaint == line.get("complaint", False) for line in lines]
    assert sum(right) / len(right) >= least


def test_the_language_of_a_labelled_message_is_told(vocabulary: set[str]) -> None:
    lines = [line for line in labelled("languages") if line["act"] != "greeting"]
    right = [read(line, vocabulary).language == line["language"] for line in lines]
    assert sum(right) / len(right) >= 0.97


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
