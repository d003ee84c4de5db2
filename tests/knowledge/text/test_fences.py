"""Code in Markdown, read line by line or while it is written."""

import pytest

from knowledge.text.fences import FencedLines


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("a\n```\nb\n```\nc", "text fence code fence text"),
        ("```sh\n# b\n~~~\n```", "fence code code fence"),
        ("````\n```\n`````\nc", "fence code fence text"),
        ("- a\n  ```\n  b\n  ```", "text fence code fence"),
        ("~~~ `x`\nb\n~~~", "fence code fence"),
        ("```never closed\n\nb", "fence code code"),
        ("``` [2]\nb\n``` [2]\nc", "fence code fence text"),
        ("```a span``` of code\nb", "text text"),
        ("`` ` ``\n~~ b", "text text"),
    ],
)
def test_lines_of_code_are_told_from_text(text: str, places: str) -> None:
    fences = FencedLines()
    assert [fences.take_line(line) for line in text.split("\n")] == places.split()
