"""Highlights of an answer in a document: the passage of a source, and within it the words that the answer took.

Texts are compared word by word: case, accents, white space, Markdown syntax, link targets and source numbers are
ignored.
"""

import re
import sys
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Literal, TypedDict

from ui.documents.excerpt_window import excerpt_around, heading_places

Span = tuple[int, int]
Kind = Literal["", "passage", "words"]

# Shorter matches may be chance, unless they are a whole line or sentence in both texts.
_PHRASE_WORDS = 5
_PHRASE_LETTERS = 14
_LEAST_WORDS = 2
# The longest text that may be cut from a snippet's end.
_REACH = 3_000
# The largest gap in words within a passage that has no exact match.
_GAP = 30
_CUT = " ..."
_ANSWER_CHARS = 100_000

# Scripts that put no spaces between words: each character counts as one.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_UNREAD = re.compile(
    r"""\]\([^()\s]*(?:\s+"[^"\n]*")?\)"""  # link targets
    r"|\[\d{1,3}(?:,[ ]?\d{1,3})*\]"  # source numbers
    r"|^[ \t>]*\d{1,9}[.)][ \t]"  # numbers of list items
    r"|^[ \t>]*(?:`{3,}|~{3,}).*$"  # fences
    r"|&(?:\#\w{1,8}|\w{1,32});",
    re.MULTILINE,
)
_BREAK = re.compile(r"\n|[.!?…][^\w\s]{0,8}\s")
_OPENING = re.compile(r"[\"'“‘«„(\[*_`]{0,8}\Z")
_CLOSING = re.compile(r"[.!?…\"'”’»)\]*_`]*")


class HighlightedPart(TypedDict):
    """A piece of a document: inside the passage or not, and quoted by the answer or not."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class HighlightedDocument:
    """The Markdown of a document in parts; for a large document only the window around the passage."""

    parts: list[HighlightedPart]
    has_beginning: bool
    has_end: bool
    is_found: bool


def highlight_document(
    markdown: str, *, snippet: str = "", section: str = "", answer: str = "", whole: bool = False
) -> HighlightedDocument:
    """Open a document at the passage that starts with the snippet; a `whole` document was read completely."""
    text = _Words(markdown)
    passage = None if whole else _find_passage(text, snippet, section)
    quoted = _find_quotes(text, _Words(answer[:_ANSWER_CHARS]), _search_range(text, passage, snippet))
    if passage and quoted:
        passage = passage[0], max(passage[1], quoted[-1][1])
    place = quoted[0] if quoted else passage or (0, 0)
    window = excerpt_around(markdown, place)
    parts = [HighlightedPart(kind="", text=window.opening)] if window.opening else []
    parts += _split_parts(markdown, (window.start, window.end), passage, quoted)
    return HighlightedDocument(parts, window.start == 0, window.end == len(markdown), passage is not None)


class _Words:
    """The words of a text, with their positions."""

    def __init__(self, text: str) -> None:
        self.text = text
        found = list(_WORD.finditer(_UNREAD.sub(lambda match: " " * len(match[0]), text)))
        self.words = [_normalize_word(match[0]) for match in found]
        self.spans = [match.span() for match in found]

    @cached_property
    def joined(self) -> str:
        """All words, with one space before each and after the last."""
        return f" {' '.join(self.words)} "

    @cached_property
    def places(self) -> list[int]:
        """The position of each word in `joined`."""
        return list(accumulate((len(word) + 1 for word in self.words[:-1]), initial=1)) if self.words else []

    def at(self, place: int) -> int:
        """Return the index of the first word at or after a position."""
        return bisect_left(self.spans, (place, place))

    def span(self, first: int, end: int) -> Span:
        """Return the span of a range of words, with the punctuation around them."""
        start, stop = self.spans[first][0], self.spans[end - 1][1]
        before = _OPENING.search(self.text, max(0, start - 8), start)
        behind = _CLOSING.match(self.text, stop, stop + 8)
        return (before.start() if before else start), (behind.end() if behind else stop)

    def units(self, first: int, end: int) -> Iterator[Span]:
        """Yield the lines and sentences within a range of words."""
        begun = first
        for index in range(first + 1, end):
            if _BREAK.search(self.text, self.spans[index - 1][1], self.spans[index][0]):
                yield begun, index
                begun = index
        if begun < end:
            yield begun, end


def _normalize_word(word: str) -> str:
    if word.isascii():
        return word.lower()
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)) or word


def _find_passage(text: _Words, snippet: str, section: str) -> Span | None:
    """Find the snippet; if it occurs several times, the first occurrence below its heading."""
    sought = _Words(snippet.removesuffix(_CUT))
    if not sought.words:
        return None
    needle = sought.joined.rstrip() if snippet.endswith(_CUT) else sought.joined
    heading = _find_heading(text, section)
    place = text.joined.find(needle, text.places[heading] - 1) if heading < len(text.words) else -1
    place = text.joined.find(needle) if place < 0 else place
    if place < 0:
        return _find_similar(text, sought)
    first = bisect_right(text.places, place)
    return text.span(first, first + len(sought.words))


def _find_heading(text: _Words, section: str) -> int:
    """Return the index of the first word of a section's heading; 0 if there is none."""
    sought = _Words(f"# {section.rpartition(' > ')[2]}").words
    places = (text.at(place) for place in (heading_places(text.text) if sought else ()))
    return next((first for first in places if text.words[first : first + len(sought)] == sought), 0)


def _find_similar(text: _Words, sought: _Words) -> Span | None:
    """Find the place of most of a snippet that has more or less text between its parts than the document."""
    near: list[Span] = []
    for first, end in _common_runs(text, sought, (0, len(text.words))):
        if near and first - near[-1][1] <= _GAP:
            near[-1] = near[-1][0], end
        else:
            near.append((first, end))
    best = max(near, key=lambda run: run[1] - run[0], default=None)
    return text.span(*best) if best else None


def _search_range(text: _Words, passage: Span | None, snippet: str) -> Span:
    """Return the range of words to search for those of the answer."""
    if passage is None:
        return 0, len(text.words)
    start, end = passage
    if snippet.endswith(_CUT):
        following = next((place for place in heading_places(text.text) if place >= end), len(text.text))
        end = max(end, min(following, start + _REACH))
    return text.at(start), text.at(end)


def _find_quotes(text: _Words, answer: _Words, reach: Span) -> list[Span]:
    """Find the phrases, and the short lines and sentences, that the answer shares with that range."""
    sizes = range(_LEAST_WORDS, _PHRASE_WORDS)
    phrases = {
        tuple(answer.words[first:end]) for first, end in answer.units(0, len(answer.words)) if end - first in sizes
    }
    units = (unit for unit in text.units(*reach) if tuple(text.words[slice(*unit)]) in phrases) if phrases else ()
    runs: list[Span] = []
    for first, end in sorted([*_common_runs(text, answer, reach), *units]):
        if runs and first <= runs[-1][1]:
            runs[-1] = runs[-1][0], max(runs[-1][1], end)
        else:
            runs.append((first, end))
    return [text.span(*run) for run in runs]


def _common_runs(text: _Words, other: _Words, reach: Span) -> list[Span]:
    """Find runs of shared words that are too long to be chance."""
    phrases = {tuple(other.words[at : at + _PHRASE_WORDS]) for at in range(len(other.words) - _PHRASE_WORDS + 1)}
    runs: list[Span] = []
    for at in range(reach[0], reach[1] - _PHRASE_WORDS + 1):
        if tuple(text.words[at : at + _PHRASE_WORDS]) not in phrases:
            continue
        if runs and at <= runs[-1][1]:
            runs[-1] = runs[-1][0], at + _PHRASE_WORDS
        else:
            runs.append((at, at + _PHRASE_WORDS))
    return [run for run in runs if sum(map(len, text.words[slice(*run)])) >= _PHRASE_LETTERS]


def _split_parts(text: str, window: Span, passage: Span | None, quoted: Sequence[Span]) -> list[HighlightedPart]:
    """Split the window wherever the passage or a quotation begins or ends."""
    spans = [*quoted, *([passage] if passage else [])]
    places = sorted({*window, *(place for span in spans for place in span if window[0] < place < window[1])})
    return [
        HighlightedPart(kind=_kind_at(start, passage, quoted), text=text[start:end]) for start, end in pairwise(places)
    ]


def _kind_at(place: int, passage: Span | None, quoted: Sequence[Span]) -> Kind:
    before = bisect_right(quoted, (place, sys.maxsize))
    if before and place < quoted[before - 1][1]:
        return "words"
    return "passage" if passage and passage[0] <= place < passage[1] else ""
