"""Thoughts are taken out of what a model says, wherever its chunks are cut."""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import pytest

from agents.models.chunks import ThinkingFilter

MOST_CUTS = 3
PLAIN = [
    "Hello.",
    "a < b and b > c",
    "x <",
    "a <t",
    "1 <thinkin",
    "no </thin",
    "for <thing> in <thinker>",
    "<thing>",
    "<<<",
    "`<thinkable>` and <think >",
    "Write `<think>` and `</thinking>` like this.",
    "Spaces  \n\nin between  ",
    "",
]
THOUGHTS = [
    ("<think>a</think>b", "b"),
    ("<thinking>one</thinking>two", "two"),
    ("<thinking>one</thinking>\n\n Two.", "Two."),
    ("One <think>two</think> three", "One  three"),
    ("<think></think><think>x</think>y", "y"),
    ("A<think>b</think>C<thinking>d</thinking>E", "ACE"),
    ("<think>a < b </thing </thin</think>c <t", "c <t"),
    ("x<<think>a</think>", "x<"),
    ("\n <think>a</think>\n", ""),
    ("<think>never closed", ""),
    ("Said. <thinking>never closed </thin", "Said. "),
    ("<think>", ""),
    ("I reason.</think>Answer.", "I reason.Answer."),
    ("a<thin<think>b</think>king>", "a<thinking>"),
]


def speak(chunks: Sequence[str]) -> str:
    thoughts = ThinkingFilter()
    return "".join(map(thoughts.filter_text, chunks)) + thoughts.take_rest()


def cuttings(text: str, most: int = MOST_CUTS) -> Iterator[list[str]]:
    """The text in up to so many cuts, at every choice of places."""
    for number in range(most + 1):
        for places in combinations(range(1, len(text)), number):
            yield [text[start:end] for start, end in pairwise((0, *places, len(text)))]


@pytest.mark.parametrize(("text", "spoken"), [*THOUGHTS, *((text, text) for text in PLAIN)])
def test_what_is_said_does_not_depend_on_where_it_is_cut(text: str, spoken: str) -> None:
    assert {speak(chunks) for chunks in cuttings(text)} == {spoken}
    assert speak(list(text)) == spoken
    assert speak(["", *(part for character in text for part in (character, ""))]) == spoken


def test_every_cutting_there_is_of_a_short_text_says_the_same() -> None:
    text = "<think>a</think>b"
    assert {speak(chunks) for chunks in cuttings(text, len(text))} == {"b"}


def test_text_that_cannot_become_a_tag_is_not_held_back() -> None:
    thoughts = ThinkingFilter()
    assert thoughts.filter_text("a <") == "a "
    assert thoughts.filter_text("thi") == ""
    assert thoughts.filter_text("n") == ""
    assert thoughts.filter_text("g> b") == "<thing> b"
    assert thoughts.take_rest() == ""


def test_a_thought_is_never_said_even_in_part() -> None:
    thoughts = ThinkingFilter()
    heard = [thoughts.filter_text(character) for character in "Yes.<thinking>SECRET</thinking> No."]
    assert [part for part in heard if part] == list("Yes. No.")


def test_a_long_thought_is_not_kept() -> None:
    thoughts = ThinkingFilter()
    thoughts.filter_text("<think>")
    for _ in range(1000):
        assert thoughts.filter_text("x" * 100) == ""
    assert len(thoughts._held) < 100
    assert thoughts.filter_text("</think>said") == "said"


def test_empty_lines_behind_a_thought_in_front_are_dropped_and_those_later_are_kept() -> None:
    assert speak(["<think>a</think>", "\n", "\n", "One.", "\n\n", "Two.\n"]) == "One.\n\nTwo.\n"
