"""Two questions that ask the same may share a key; two that ask different things never do."""

import pytest

from agents.caching.question_keys import keys_of
from knowledge.library import Library
from knowledge.text.languages.german import GERMAN
from tests.agents.caching.question_pairs import DIFFERENT, SAME, TRICKY

# Measured; what is not recognized costs an answer, and no more.
_RECOGNIZED = 20
_CLOSE = 0.9


@pytest.mark.parametrize(("one", "other"), [*DIFFERENT, *TRICKY])
def test_questions_that_differ_share_no_key(one: str, other: str) -> None:
    assert keys_of(one).exact != keys_of(other).exact
    assert keys_of(one).similar != keys_of(other).similar


async def test_paraphrases_are_recognized_as_often_as_measured(library: Library) -> None:
    recognized = 0
    for one, other in SAME:
        first, second = await library.embedder.embed([one, other])
        recognized += keys_of(one).similar == keys_of(other).similar and first @ second >= _CLOSE
    assert recognized >= _RECOGNIZED


@pytest.mark.parametrize(
    "other",
    ["how do I  cancel\nmy plan", "How do I cancel my plan", "how do I cancel my Plan?!", "How do I cancel my plan ?"],
)
def test_space_capitals_and_the_last_mark_do_not_count(other: str) -> None:
    assert keys_of(other).exact == keys_of("How do I cancel my plan?").exact


@pytest.mark.parametrize("other", ["Is it open to us?", "Is it open to US", "Is IT open to us?", "Is it open to u.s"])
def test_capitals_that_make_a_name_count(other: str) -> None:
    asked = keys_of("Is it open to US? ")
    assert (keys_of(other).exact == asked.exact) is (other == "Is it open to US")


def test_an_answer_in_one_language_is_none_in_another() -> None:
    english, german = keys_of("Team plan?"), keys_of("Team plan?", GERMAN)
    assert english.exact != german.exact
    assert english.similar != german.similar


def test_a_language_without_rules_for_paraphrases_has_the_words_alone() -> None:
    asked = keys_of("Was kostet das Abo?", GERMAN)
    assert keys_of("was kostet: das Abo", GERMAN).similar == asked.similar
    assert keys_of("Was kostet Abo?", GERMAN).similar != asked.similar


def test_a_question_of_nothing_has_keys_too() -> None:
    assert keys_of("").exact == keys_of("???").exact != keys_of("\ud800").exact
