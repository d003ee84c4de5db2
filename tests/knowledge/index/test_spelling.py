"""Misspelt words are read as words of the documents, and other words are left as they are."""

import pytest

from knowledge.index.spelling import nearest_word, suspect_words
from knowledge.index.vocabulary import Vocabulary
from knowledge.text.words import replace_words, stem

WORDS = "access token cancel receive address people invoice transfer account business payment team webhook".split()
KNOWN = Vocabulary({stem(word): 10 for word in WORDS})


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("acess", "access"),
        ("tokn", "token"),
        ("recieve", "receive"),
        ("cancle", "cancel"),
        ("adress", "address"),
        ("poeple", "people"),
        ("invoce", "invoice"),
        ("tranfser", "transfer"),
        ("acount", "account"),
        ("busines", "business"),
        ("paymnet", "payment"),
        ("webhoook", "webhook"),
        ("cacnel", "cancel"),
        ("kotne", None),
        ("ivnoice", "invoice"),
    ],
)
def test_letters_that_are_missing_doubled_or_swapped(misspelt: str, meant: str | None) -> None:
    assert suspect_words(f"my {misspelt} please", KNOWN) == [misspelt]
    assert nearest_word(misspelt, KNOWN) == (stem(meant) if meant else None)


@pytest.mark.parametrize(("misspelt", "meant"), [("agian", "again"), ("wich", "which"), ("whcih", "which")])
def test_a_misspelt_stop_word_carries_no_topic(misspelt: str, meant: str) -> None:
    assert nearest_word(misspelt, KNOWN) == meant


@pytest.mark.parametrize("text", ["Does Toke pay?", "What is NS-204?", "a b c", "", "see Zapp", "the teams' access"])
def test_names_codes_and_short_words_are_no_misspellings(text: str) -> None:
    assert suspect_words(text, KNOWN) == []


def test_the_more_frequent_of_two_equally_near_words_is_meant() -> None:
    assert Vocabulary({"plane": 1, "plans": 5}).nearest("plank") == ("plans", 1)


def test_words_are_replaced_whole_and_in_any_case() -> None:
    assert replace_words("Acess tokens, acessories, ACESS", {"acess": "access"}) == "access tokens, acessories, access"
    assert replace_words("a.b", {}) == "a.b"


def test_a_hostile_text_is_read_up_to_a_limit() -> None:
    text = " ".join(f"qq{letter}zz" for letter in "abcdefghijklmnop")
    assert len(suspect_words(text, KNOWN)) == 8
