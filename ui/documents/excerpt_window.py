"""The part of a document's Markdown that a page shows at once, cut where that does not change how the rest renders."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_BEFORE = 20_000
_BEHIND = 40_000
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}\s")
# Lines that continue a list or an indented block.
_CONTINUES = re.compile(r"\s|[-*+]\s|\d{1,9}[.)]\s|\Z")


@dataclass(frozen=True)
class ExcerptWindow:
    """The bounds of the part; `opening` is the context that its first lines need: a table's header, a fence."""

    start: int
    end: int
    opening: str = ""


@dataclass(frozen=True)
class _MarkdownLine:
    """A line with its start, its text, its enclosing fence, and if a text may be cut before it."""

    start: int
    text: str
    fence: str
    begins: bool


def excerpt_around(markdown: str, place: tuple[int, int]) -> ExcerptWindow:
    """Return the window around a place; a small document is shown completely."""
    if len(markdown) <= _BEFORE + _BEHIND:
        return ExcerptWindow(0, len(markdown))
    lines = list(_markdown_lines(markdown))
    start, opening = _window_start(lines, max(0, place[0] - _BEFORE), place[0])
    return ExcerptWindow(start, _window_end(lines, place[1], max(place[0] + _BEHIND, place[1]), len(markdown)), opening)


def heading_places(markdown: str) -> list[int]:
    """Return the positions of the headings."""
    return [line.start for line in _markdown_lines(markdown) if not line.fence and _HEADING.match(line.text)]


def _window_start(lines: Sequence[_MarkdownLine], earliest: int, place: int) -> tuple[int, str]:
    near = [number for number, line in enumerate(lines) if earliest <= line.start <= place]
    if earliest == 0 or not near:
        return earliest, ""
    block = next((lines[number] for number in near if lines[number].begins), None)
    return (block.start, "") if block else (lines[near[0]].start, _opening_context(lines, near[0]))


def _window_end(lines: Sequence[_MarkdownLine], place: int, latest: int, length: int) -> int:
    if latest >= length:
        return length
    near = [line for line in lines if place <= line.start <= latest]
    return next((line.start for line in reversed(near) if line.begins), near[-1].start if near else latest)


def _opening_context(lines: Sequence[_MarkdownLine], number: int) -> str:
    """Return the lines above that a line needs to render: its fence or its table's header."""
    if lines[number].fence:
        return f"{lines[number].fence}\n"
    first = number
    while first and _is_table_row(lines[first - 1]) and _is_table_row(lines[number]):
        first -= 1
    header = [line.text for line in lines[first : first + 2]]
    return "\n".join([*header, ""]) if first + 2 <= number and not header[1].strip("|-: \r") else ""


def _is_table_row(line: _MarkdownLine) -> bool:
    return line.text.lstrip().startswith("|")


def _markdown_lines(markdown: str) -> Iterator[_MarkdownLine]:
    start, fence, mark, is_behind_blank = 0, "", "", True
    for text in markdown.split("\n"):
        found = _FENCE.match(text)
        closes = bool(found and mark and found[1].startswith(mark))
        yield _MarkdownLine(start, text, fence, is_behind_blank and not fence and not _CONTINUES.match(text))
        if closes:
            fence = mark = ""
        elif found and not fence:
            fence, mark = text, found[1]
        start, is_behind_blank = start + len(text) + 1, not text.strip()
