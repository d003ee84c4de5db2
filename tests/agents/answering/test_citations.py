"""Source numbers in what a model writes, wherever its chunks are cut."""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import pytest

from agents.answering.citations import CitationParser

FIRST, COUNT = 11, 3  # the sources 1 to 3 of the prompt are 11 to 13 of the whole answer
LONGEST = "[1, 1, 1, 1, 1, 100]"
TEXTS = [
    ("Paid [1].", "Paid [11]."),
    ("[3]", "[13]"),
    ("a[1][2]b", "a[11][12]b"),
    ("a [1, 3] b", "a [11, 13] b"),
    ("a [1,2,3] b", "a [11, 12, 13] b"),
    ("a [4] b", "a  b"),
    ("a [0][1] b", "a [11] b"),
    ("a [9, 2, 0] b", "a [12] b"),
    ("a [7, 8] b", "a  b"),
    ("a [001] b", "a [11] b"),
    ("[1111] and [12345]", "[1111] and [12345]"),
    (LONGEST, "[11, 11, 11, 11, 11]"),
    ("[1, 2, 3, 1, 2, 3, 1]", "[1, 2, 3, 1, 2, 3, 1]"),
    ("[" + "1, " * 15 + "1]", "[" + "1, " * 15 + "1]"),
    ("[ 1] [1 ] [1,  2] [1;2] [] [,]", "[ 1] [1 ] [1,  2] [1;2] [] [,]"),
    ("[a] [1a] [-1] [1.5]", "[a] [1a] [-1] [1.5]"),
    ("[[1]]", "[[11]]"),
    ("[1", "[1"),
    ("ends with [", "ends with ["),
    ("ends with [1, ", "ends with [1, "),
    ("`a[1]` is [1]", "`a[1]` is [11]"),
    ("```\nx[1][2]\n``` [2]", "```\nx[1][2]\n``` [12]"),
    ("`a` [1] `b[1]`[1]", "`a` [11] `b[1]`[11]"),
    ("`never closed [1]", "`never closed [1]"),
    ("`never closed\n\n[1]", "`never closed\n\n[11]"),
    ("```\n\nx[1]", "```\n\nx[1]"),
    ("```\nx[1]\n````\n[1]", "```\nx[1]\n````\n[11]"),
    ("[1`2]` [1]", "[1`2]` [11]"),
    ("", ""),
    ("Nothing here.", "Nothing here."),
]


def speak(chunks: Sequence[str], first: int = FIRST, count: int = COUNT) -> str:
    citations = CitationParser(first, count)
    return "".join(map(citations.hear, chunks)) + citations.end()


def test_sources_shown_later_are_cited_by_the_numbers_they_have_in_the_answer() -> None:
    citations = CitationParser(FIRST, COUNT)
    assert citations.hear("a [4] ") == "a  "
    assert [citations.add_source(27), citations.add_source(19)] == [4, 5]
    assert citations.hear("b [4, 1][5][6]") + citations.end() == "b [27, 11][19]"


def cuttings(text: str, most: int = 3) -> Iterator[list[str]]:
    for number in range(most + 1):
        for places in combinations(range(1, len(text)), number):
            yield [text[start:end] for start, end in pairwise((0, *places, len(text)))]


@pytest.mark.parametrize(("text", "spoken"), TEXTS)
def test_citations_do_not_depend_on_where_the_text_is_cut(text: str, spoken: str) -> None:
    assert {speak(chunks) for chunks in cuttings(text)} == {spoken}
    assert speak(list(text)) == spoken
    assert speak(["", *(part for character in text for part in (character, ""))]) == spoken


def test_every_cutting_there_is_of_a_short_text_says_the_same() -> None:
    text = "`[1]`[1, 9]`["
    assert {speak(chunks) for chunks in cuttings(text, len(text))} == {"`[1]`[11]`["}


def test_the_longest_citation_there_is_survives_every_single_cut() -> None:
    text = "[100, 101, 102, 103, 104, 105]"
    spoken = "[200, 201, 202, 203, 204, 205]"
    assert {speak(chunks, 101, 999) for chunks in cuttings(text, 1)} == {spoken}
    assert speak(list(text), 101, 999) == spoken


@pytest.mark.parametrize("first", [1, 4, 100])
def test_numbers_count_on_from_the_first_of_this_agent(first: int) -> None:
    assert speak(["[1] [2]"], first) == f"[{first}] [{first + 1}]"


def test_without_evidence_every_citation_is_dropped() -> None:
    assert speak(["As [1] says [2, 3]."], 1, 0) == "As  says ."


def test_no_more_is_held_back_than_may_become_a_citation() -> None:
    citations = CitationParser(1, 9)
    assert citations.hear("Text [") == "Text "
    assert citations.hear("1") == ""
    assert citations.hear("x") == "[1x"
    assert citations.hear("[" + "1, " * 10) == "[" + "1, " * 10
    assert citations.hear(" more.") == " more."
    assert citations.end() == ""


def test_the_end_is_said_once() -> None:
    citations = CitationParser(1, 9)
    citations.hear("[1")
    assert [citations.end(), citations.end()] == ["[1", ""]
