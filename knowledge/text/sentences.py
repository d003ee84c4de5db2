"""Sentences: where they end, and the statements of a text with their positions.

Statements are sentences, table rows and lines of code; headings, rules and the separator lines of tables are none.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.text.citation_markers import MARKER, without_markers
from knowledge.text.fences import FencedLines
from knowledge.text.language import Language
from knowledge.text.languages.english import ENGLISH

_END_MARKS = ".!?…"
# Quotation marks, brackets and emphasis that may stand between the mark at the end of a sentence and the space.
_CLOSING = "\"'”“’»)\\]*_`"
# What a sentence begins with beside letters that are not in lower case, digits and currency signs. Anything else goes
# on with it, such as `>` in the path of a menu.
_OPENING = "\"'“‘«„([*_`¿¡"
_NOTHING = re.compile(
    r"\s*+(?:#{1,6}\s.*+|[|:\-+=\s]*+|(?:\*\s*+){3,}+|(?:_\s*+){3,}+|(?P<bold>\*\*|__)[^*_]{1,80}(?P=bold)\s*+)\Z"
)
_LIST = re.compile(r"\s*+(?:>\s*+)*+(?:[-*+•]|\d{1,9}[.)])\s++(?=\S)")
_QUOTE = re.compile(r"\s*+(?:>\s*+)++")
# Citation markers stand behind the sentence that they belong to.
_END = re.compile(rf"[{_END_MARKS}][{_CLOSING}]{{0,4}}(?:\s?{MARKER}){{0,6}}(?:\s+|\Z)")
_BREAK = re.compile(rf"[{_END_MARKS}:][{_CLOSING}]{{0,4}}\s")
_LAST_OF_LINE = re.compile(rf"[{_END_MARKS}:][{_CLOSING}]{{0,4}}\Z")
# The characters in front of a full stop that are looked at: more than an abbreviation or the number of an item has.
_MOST_LOOKED_AT = 16
_ITEM_NUMBER_DIGITS = 3
_WITHIN_WORDS = ".-'’"


@dataclass(frozen=True)
class Sentence:
    """A statement with its start, its end, and its text without citation markers."""

    start: int
    end: int
    text: str


def find_statements(text: str, language: Language = ENGLISH) -> list[Sentence]:
    """Return every statement of a text, in order."""
    return [found for start, end in _block_ranges(text) for found in _split_block(text, start, end, language)]


def split_paragraph(paragraph: str, language: Language = ENGLISH) -> list[str]:
    """Split a paragraph into its sentences, and leave out the white space between them."""
    pieces, begun = [], 0
    for end in _sentence_ends(paragraph, 0, len(paragraph), language):
        pieces.append(paragraph[begun:end].rstrip())
        begun = end
    return [piece for piece in (*pieces, paragraph[begun:]) if piece]


def breaks_sentence(gap: str) -> bool:
    """Return True if the text between two words ends a sentence or, with a colon, introduces another."""
    return _BREAK.search(gap) is not None


def ends_sentence(line: str) -> bool:
    """Return True if a line ends as sentences do, or with a colon."""
    return _LAST_OF_LINE.search(line) is not None


def _block_ranges(text: str) -> Iterator[tuple[int, int]]:
    """Yield the ranges of paragraphs, list items, table rows and lines of code."""
    begun: int | None = None
    fences = FencedLines()
    place = 0
    for line in text.split("\n"):
        start, place = place, place + len(line) + 1
        found = fences.take_line(line)
        stands_alone = found == "code" or (found == "text" and line.lstrip().startswith("|"))
        states = found != "fence" and bool(line.strip()) and (found == "code" or not _NOTHING.match(line))
        goes_on = states and not stands_alone and not _LIST.match(line)
        if begun is not None and not goes_on:
            yield begun, start
            begun = None
        if states and stands_alone:
            yield start, start + len(line)
        elif states and begun is None:
            begun = start
    if begun is not None:
        yield begun, len(text)


def _split_block(text: str, start: int, end: int, language: Language) -> Iterator[Sentence]:
    opening = _LIST.match(text, start, end) or _QUOTE.match(text, start, end)
    begun = opening.end() if opening else start
    for sentence_end in _sentence_ends(text, begun, end, language):
        yield from _sentence_between(text, begun, sentence_end)
        begun = sentence_end
    yield from _sentence_between(text, begun, end)


def _sentence_ends(text: str, start: int, end: int, language: Language) -> Iterator[int]:
    """Yield where the sentences of a range end, with the white space behind them; the last may have no end."""
    begun = start
    for mark in _END.finditer(text, start, end):
        following = text[mark.end() : mark.end() + 1]
        if mark.end() < end and not _can_begin(following):
            continue
        if mark[0][0] == "." and _belongs_to_word(text, begun, mark.start(), following, language):
            continue
        yield mark.end()
        begun = mark.end()


def _can_begin(character: str) -> bool:
    """Return True if a sentence can begin with a character, in any script."""
    if character in _OPENING or (character.isalnum() and not character.islower()):
        return True
    return unicodedata.category(character) == "Sc"


def _belongs_to_word(text: str, begun: int, stop: int, following: str, language: Language) -> bool:
    """Return True if a full stop belongs to an abbreviation, an initial or the number of an item."""
    before = text[max(begun, stop - _MOST_LOOKED_AT) : stop]
    if len(number := before.strip()) <= _ITEM_NUMBER_DIGITS and number.isdecimal():
        return stop - begun <= _MOST_LOOKED_AT
    word = _last_word(before)
    if len(last := word.rpartition(".")[2]) == 1 and last.isupper():
        return last != word or _is_initial(before[: -len(word)].rstrip())
    rules = language.sentences
    return word.lower() in rules.abbreviations or (
        word.lower() in rules.abbreviations_of_numbers and following.isdecimal()
    )


def _is_initial(before: str) -> bool:
    """Return True if a capital is an initial: names go before it, or nothing. `Plan B` ends with a capital too."""
    return not before or _last_word(before)[:1].isupper()


def _last_word(text: str) -> str:
    """Return the word at the end of a text, with full stops, hyphens and apostrophes within it."""
    start = len(text)
    while start and (text[start - 1].isalnum() or text[start - 1] in _WITHIN_WORDS):
        start -= 1
    return text[start:].lstrip(_WITHIN_WORDS)


def _sentence_between(text: str, start: int, end: int) -> Iterator[Sentence]:
    stated = text[start:end]
    start += len(stated) - len(stated.lstrip())
    said = " ".join(without_markers(stated).split())
    if said:
        yield Sentence(start, start + len(stated.strip()), said)
