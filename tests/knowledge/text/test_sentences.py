"""Answers taken apart into statements, each with its place."""

import time
from itertools import pairwise

import pytest

from knowledge.text.sentences import sentences


def said(text: str) -> list[str]:
    """What each statement says; each must stand where it is said to stand."""
    found = sentences(text)
    for sentence in found:
        stands = text[sentence.start : sentence.end]
        assert stands == stands.strip()
        assert sentence.text.split()[0] in stands
    assert all(before.end <= after.start for before, after in pairwise(found))
    return [sentence.text for sentence in found]


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("One thing. Another thing!", ["One thing.", "Another thing!"]),
        ("It takes 5 days [1]. See [2, 3]", ["It takes 5 days.", "See"]),
        ("It takes 5 days. [1] Then it ends. [2]", ["It takes 5 days.", "Then it ends."]),
        ("Use e.g. a card. Version 1.2.3 is old.", ["Use e.g. a card.", "Version 1.2.3 is old."]),
        ("Broken\nover lines. Next", ["Broken over lines.", "Next"]),
        ("# Heading\n\n**Billing**\n\nText.", ["Text."]),
        ("1. Open **Settings**.\n2. Write.\n- Or call", ["Open **Settings**.", "Write.", "Or call"]),
        ("| Plan | Price |\n| --- | --- |\n| Team | 12 USD |", ["| Plan | Price |", "| Team | 12 USD |"]),
        ("```sh\n# not a heading\nrun it\n```\nDone.", ["# not a heading", "run it", "Done."]),
        ("> Quoted. Twice.", ["Quoted.", "Twice."]),
        ("[1]\n\n---\n\n* * *", []),
        ("", []),
    ],
)
def test_statements_of_a_text(text: str, statements: list[str]) -> None:
    assert said(text) == statements


@pytest.mark.parametrize("piece", ["[1]", "*", "> ", "`", "| ", "1. ", "a. ", "A. ", "\n", "**", "- - "])
def test_long_runs_of_markup_are_read_at_once(piece: str) -> None:
    text = piece * 20_000
    # Whatever else the machine does meanwhile; who looks back to the beginning at each step takes many times as long.
    begun = time.process_time()
    found = sentences(text)
    assert time.process_time() - begun < 0.5
    assert len(found) == {"1. ": 10_000, "a. ": 1, "A. ": 1}.get(piece, 0)
