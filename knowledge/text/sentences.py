"""The statements of a text with their positions: sentences, table rows, lines of code.

Headings, rules and the separator lines of tables are not statements.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"\s*+(`{3,}|~{3,})")
_NOTHING = re.compile(
    r"\s*+(?:#{1,6}\s.*+|[|:\-+=\s]*+|(?:\*\s*+){3,}+|(?:_\s*+){3,}+|(?P<bold>\*\*|__)[^*_]{1,80}(?P=bold)\s*+)\Z"
)
_LIST = re.compile(r"\s*+(?:>\s*+)*+(?:[-*+•]|\d{1,9}[.)])\s++(?=\S)")
_QUOTE = re.compile(r"\s*+(?:>\s*+)++")
_MARKERS = re.compile(r"\s?\[\d{1,3}(?:, ?\d{1,3}){0,5}\]")
# Citation markers stand behind the sentence that they belong to.
_END = re.compile(r"[.!?…][\"'”’)\]*_`]{0,4}(?:\s?\[\d{1,3}(?:, ?\d{1,3}){0,5}\]){0,6}(?:\s+|\Z)")
_ABBREVIATION_CHARS = 11
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|approx|incl|inc|ltd|st|dr|mr|mrs|ms|[A-Z])|^\s*\d{1,3})\.\s*\Z", re.IGNORECASE
)


@dataclass(frozen=True)
class Sentence:
    """A statement with its start, its end, and its text without citation markers."""

    start: int
    end: int
    text: str


def sentences(text: str) -> list[Sentence]:
    """Return every statement of a text, in order."""
    return [found for start, end in _blocks(text) for found in _split(text, start, end)]


def without_markers(text: str) -> str:
    """Remove the citation markers from a text."""
    return _MARKERS.sub("", text)


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Yield the ranges of paragraphs, list items, table rows and lines of code."""
    begun: int | None = None
    fence = ""
    place = 0
    for line in text.split("\n"):
        start, place = place, place + len(line) + 1
        end = start + len(line)
        marks = _FENCE.match(line)
        if marks and (not fence or marks[1].startswith(fence)):
            fence = "" if fence else marks[1]
            stands_alone = states = False
        else:
            stands_alone = bool(fence) or line.lstrip().startswith("|")
            states = bool(line.strip()) and (bool(fence) or not _NOTHING.match(line))
        goes_on = states and not stands_alone and not _LIST.match(line)
        if begun is not None and not goes_on:
            yield begun, start
            begun = None
        if states and stands_alone:
            yield start, end
        elif states and begun is None:
            begun = start
    if begun is not None:
        yield begun, len(text)


def _split(text: str, start: int, end: int) -> Iterator[Sentence]:
    begun = start
    opening = _LIST.match(text, start, end) or _QUOTE.match(text, start, end)
    if opening:
        begun = opening.end()
    for mark in _END.finditer(text, begun, end):
        following = text[mark.end() : mark.end() + 1]
        if following.islower() or _ABBREVIATION.search(
            text[max(begun, mark.start() - _ABBREVIATION_CHARS) : mark.start() + 1]
        ):
            continue
        yield from _sentence(text, begun, mark.end())
        begun = mark.end()
    yield from _sentence(text, begun, end)


def _sentence(text: str, start: int, end: int) -> Iterator[Sentence]:
    stated = text[start:end]
    start += len(stated) - len(stated.lstrip())
    said = " ".join(without_markers(stated).split())
    if said:
        yield Sentence(start, start + len(stated.strip()), said)
