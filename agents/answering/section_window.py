"""The part of a section that is quoted: whole blocks around the unit that matters, in their order."""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.answering.quotable import is_pointer, says_something
from agents.security.injection import is_suspect
from knowledge.text.languages.english import ENGLISH
from knowledge.text.markdown_blocks import MarkdownBlock

# A quotation ends with the block that reaches this length; a section up to the longer one is quoted whole.
WINDOW_CHARS = 600
_WHOLE_CHARS = 800
# A longer block before a list or a table only lends its last sentence.
_LEAD_IN_CHARS = 300
_MAX_ROWS = 12
_MAX_SENTENCES = 6


@dataclass(frozen=True)
class QuotedBlock:
    """A block with the units of it that are quoted, and the number of table rows that are left out."""

    block: MarkdownBlock
    chosen: tuple[int, ...]
    left_out: int = 0

    @property
    def text(self) -> str:
        """The units as they stand in the document."""
        return self.block.render(list(self.chosen))


@dataclass(frozen=True)
class SectionWindow:
    """The blocks quoted of a section; `key` is the place of the block that holds the unit that matters."""

    quoted: tuple[QuotedBlock, ...]
    key: int


def window_around(
    blocks: Sequence[MarkdownBlock], place: int, unit: int, near: frozenset[int], *, is_alone: bool = False
) -> SectionWindow:
    """Choose the blocks around a unit; `near` are the units of its block that answer as well.

    With `is_alone`, only its own block is chosen."""
    whole = [QuotedBlock(block, _shown(block)) for block in blocks]
    own = _own_block(blocks[place], unit, near)
    if is_alone:
        return SectionWindow((own,), 0)
    first, last = _with_lead_in(blocks, place)
    size = sum(len(one.text) for one in whole)
    if size <= _WHOLE_CHARS and own.chosen == whole[place].chosen:
        first, last = 0, len(blocks) - 1
    else:
        size = sum(len(whole[index].text) for index in range(first, last + 1) if index != place) + len(own.text)
        first, last = _grown(whole, first, last, size, place)
    chosen = [(index, own if index == place else whole[index]) for index in range(first, last + 1)]
    kept = [(index, one) for index, one in chosen if index == place or _is_worth_reading(one)]
    # The lead-in may have been left out.
    is_lead_in = kept[0][0] == first == place - 1 and blocks[first].kind == "paragraph" != blocks[place].kind
    if is_lead_in and size > _WHOLE_CHARS and len(whole[first].text) > _LEAD_IN_CHARS:
        kept[0] = (first, QuotedBlock(blocks[first], (len(blocks[first].units) - 1,)))
    return SectionWindow(tuple(one for _, one in kept), [index for index, _ in kept].index(place))


def _shown(block: MarkdownBlock) -> tuple[int, ...]:
    return tuple(index for index in range(len(block.units)) if index not in block.withheld)


def _own_block(block: MarkdownBlock, unit: int, near: frozenset[int]) -> QuotedBlock:
    """Choose the units of the block that answers: all of them if it is short, or is a procedure or code."""
    shown = _shown(block)
    if block.kind in ("ordered", "code") or len(block.render(list(shown))) <= WINDOW_CHARS:
        return QuotedBlock(block, shown)
    if block.kind == "paragraph":
        return QuotedBlock(block, _sentences_around(block, unit, shown))
    if len(shown) <= _MAX_ROWS:
        return QuotedBlock(block, shown)
    rows = sorted(sorted(near | {unit}, key=lambda index: abs(index - unit))[:_MAX_ROWS])
    return QuotedBlock(block, tuple(rows), left_out=len(shown) - len(rows))


def _sentences_around(block: MarkdownBlock, unit: int, shown: Sequence[int]) -> tuple[int, ...]:
    """Choose the sentence, those that it points back to, and as many after and before it as there is room for."""
    continues = ENGLISH.sentences.continuation
    first = last = unit
    while first - 1 in shown and unit - first < _MAX_SENTENCES and continues.match(block.units[first]):
        first -= 1
    size = sum(len(block.units[index]) for index in range(first, last + 1))
    while last + 1 in shown and size + len(block.units[last + 1]) <= WINDOW_CHARS:
        last += 1
        size += len(block.units[last])
    while first - 1 in shown and size + len(block.units[first - 1]) <= WINDOW_CHARS:
        first -= 1
        size += len(block.units[first])
    return tuple(index for index in range(first, last + 1) if index in shown)


def _with_lead_in(blocks: Sequence[MarkdownBlock], place: int) -> tuple[int, int]:
    """Return the range of a block with the sentence that announces it, or with what it announces itself."""
    first = last = place
    if blocks[place].kind != "paragraph" and place and blocks[place - 1].kind == "paragraph":
        first = place - 1
    ends_open = blocks[place].units[-1].rstrip().endswith(":")
    if blocks[place].kind == "paragraph" and ends_open and place + 1 < len(blocks):
        last = place + 1
    return first, last


def _grown(whole: Sequence[QuotedBlock], first: int, last: int, size: int, place: int) -> tuple[int, int]:
    """Take in the blocks that follow, then those before, as far as there is room for them."""
    while last + 1 < len(whole) and size + len(whole[last + 1].text) <= WINDOW_CHARS:
        last += 1
        size += len(whole[last].text)
    while first and size + len(whole[first - 1].text) <= WINDOW_CHARS:
        first -= 1
        size += len(whole[first].text)
    # A sentence at the end that announces what does not fit says nothing.
    if place < last < len(whole) - 1 and whole[last].text.rstrip().endswith(":"):
        last -= 1
    return first, last


def _is_worth_reading(one: QuotedBlock) -> bool:
    units = [one.block.units[index] for index in one.chosen]
    if any(map(is_suspect, units)):
        return False
    return bool(units) and (one.block.kind == "code" or not all(map(is_pointer, units)) or says_something(units))
