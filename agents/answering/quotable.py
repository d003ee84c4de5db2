"""What may be quoted: text that says something to a reader, not a picture, a pointer elsewhere or orders to a model."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from agents.security.injection import withhold_orders
from knowledge.retrieval.units import blocks_of
from knowledge.text.language import Language
from knowledge.text.languages.english import ENGLISH
from knowledge.text.markdown_blocks import MarkdownBlock

_LINK = re.compile(r"!?\[(?P<text>[^\]\[]{0,300})\]\([^()\s]{0,1000}(?:\s[^()]{0,300})?\)")
_PICTURE = re.compile(r"!\[[^\]\[]{0,300}\]\([^()]{0,1000}\)")
_ITEM_MARK = re.compile(r"^\s*+(?:[-*+]|\d{1,9}[.)])\s++")
_NO_LETTER = re.compile(r"[\W\d_]*+\Z")


@lru_cache(maxsize=2_000)
def quotable_blocks(section: str, text: str) -> tuple[MarkdownBlock, ...]:
    """Return the blocks of a text below some headings, with what is never quoted withheld."""
    return tuple(_without_noise(block) for block in withhold_orders(section, blocks_of(text)))


def has_orders(section: str, text: str) -> bool:
    """Return True if some of a text is withheld because it addresses a model: what stands beside it is suspect too."""
    return any(block.withheld for block in withhold_orders(section, blocks_of(text)))


def _without_noise(block: MarkdownBlock) -> MarkdownBlock:
    if block.kind == "code":
        return block
    noise = frozenset(index for index, unit in enumerate(block.units) if is_picture(unit))
    return replace(block, withheld=block.withheld | noise) if noise else block


def is_picture(unit: str) -> bool:
    """Return True if a unit is nothing but pictures."""
    left, count = _PICTURE.subn("", unit)
    return count > 0 and _NO_LETTER.match(_ITEM_MARK.sub("", left)) is not None


def is_pointer(unit: str, language: Language = ENGLISH) -> bool:
    """Return True if a sentence or an item only points elsewhere: "For more information, see ...", a bare link."""
    said = _ITEM_MARK.sub("", unit).strip()
    if _NO_LETTER.match(_LINK.sub("", said)):
        return True
    plain = _LINK.sub(r"\g<text>", said)
    return len(said) <= _LONGEST_POINTER and language.pointer.match(plain) is not None


_LONGEST_POINTER = 240


def is_question(unit: str) -> bool:
    """Return True if a unit asks rather than answers, as the headings of a FAQ do."""
    return unit.rstrip("*_ \t").endswith("?")


def says_something(units: Sequence[str]) -> bool:
    """Return True if one of some units is more than a pointer or a question."""
    return any(not (is_pointer(unit) or is_question(unit)) for unit in units)
