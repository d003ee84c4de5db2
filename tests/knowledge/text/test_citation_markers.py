"""Markers of sources: read, written and removed by one rule."""

import pytest

from knowledge.text.citation_markers import read_marker, without_markers, write_marker


@pytest.mark.parametrize(("marker", "numbers"), [("[3]", [3]), ("[1, 4]", [1, 4]), ("[1,20,300]", [1, 20, 300])])
def test_a_marker_names_the_numbers_it_is_written_with(marker: str, numbers: list[int]) -> None:
    assert read_marker(marker) == numbers
    assert read_marker(write_marker(numbers)) == numbers


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("It takes 5 days [1]. See [2, 3]", "It takes 5 days. See"),
        ("a[1][2]b", "ab"),
        ("[1111] [] [a] [1;2]", "[1111] [] [a] [1;2]"),
    ],
)
def test_a_text_without_its_markers(text: str, plain: str) -> None:
    assert without_markers(text) == plain
