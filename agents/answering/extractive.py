"""Compose an answer out of quotations: the section that answers, whole and in its order, with its key sentence marked.

No sentence is written here; every piece stands as it is in a source, and carries that source's number. Text that
addresses a model rather than a reader is not quoted (`agents/security/injection.py`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from agents.answering import canned_replies
from agents.answering.quotable import has_orders, is_picture, is_pointer, is_question, quotable_blocks
from agents.answering.section_window import QuotedBlock, SectionWindow, window_around
from knowledge.retrieval.strategies import Evidence
from knowledge.retrieval.units import ScoredUnit, blocks_of
from knowledge.text.markdown_blocks import MarkdownBlock
from knowledge.text.words import stems

SEE_ALSO = 3
# What a row of the same table may lack of the best score to answer as well: rows have most of their words in common.
_BESIDE = 0.05
# If what is withheld is that much nearer than the rest, the rest is about something else.
_MOST_WITHHELD = 0.85
# From this share of the best score on, a section is worth pointing to, or is quoted too.
_POINTED_TO = 0.75
_QUOTED_TOO = 0.98
# What a sentence behind a question that asks the same loses against that question.
_ANSWER_COST = 0.02


@dataclass(frozen=True)
class Quotation:
    """A text quoted from one source, with its number; `key` is the range of the sentence that matters most."""

    text: str
    number: int
    key: tuple[int, int] | None = None


@dataclass(frozen=True)
class QuotedAnswer:
    """The quotations of an answer, the best first, and the numbers of other sources that may answer."""

    quotations: tuple[Quotation, ...] = ()
    see_also: tuple[int, ...] = ()


def quote(question: str, evidence: Evidence, language: str = "en") -> QuotedAnswer:
    """Compose the answer; it has no quotation if the evidence holds nothing that can be quoted.

    `language` is that of what the desk adds in its own words."""
    candidates = list(_answering_units(evidence))
    quotable = [unit for unit in candidates if not _is_withheld(unit, evidence)]
    if not quotable or quotable[0].score < _MOST_WITHHELD * candidates[0].score:
        return QuotedAnswer()
    best_of_sections: dict[tuple[str, str], ScoredUnit] = {}
    for unit in quotable:
        best_of_sections.setdefault(_section_of(unit, evidence), unit)
    best, *others = best_of_sections.values()
    quoted = [best, *(unit for unit in others[:1] if unit.score >= _QUOTED_TOO * best.score)]
    quotations = tuple(
        _quotation(_rows_in_order(question, unit, quotable, evidence), evidence, language) for unit in quoted
    )
    rest = [unit for unit in others if unit not in quoted and unit.score >= _POINTED_TO * best.score]
    numbers = dict.fromkeys(_number_of(unit, evidence) for unit in rest)
    cited = {quotation.number for quotation in quotations}
    return QuotedAnswer(quotations, tuple(number for number in numbers if number not in cited)[:SEE_ALSO])


def _answering_units(evidence: Evidence) -> Iterator[ScoredUnit]:
    """Return the units that can answer, best first; what follows a question is as good as the question."""
    scores = {(unit.passage, unit.block, unit.index): unit for unit in evidence.units}
    raised = dict(scores)
    for unit in scores.values():
        if is_question(_text_of(unit, evidence)) and (answer := _next_unit(unit, scores)):
            at = (answer.passage, answer.block, answer.index)
            raised[at] = replace(answer, score=max(raised[at].score, unit.score - _ANSWER_COST))
    said = [unit for unit in raised.values() if _can_answer(_text_of(unit, evidence))]
    return iter(sorted(said, key=lambda unit: -unit.score))


def _rows_in_order(
    question: str, best: ScoredUnit, units: Sequence[ScoredUnit], evidence: Evidence
) -> list[ScoredUnit]:
    """Return, of a table's best row and those that answer as well, those with most words in the question's order.

    Rows with the same words differ by that alone: which number is the part's, and which is the shelf's."""
    if _block_of(best, evidence).kind != "table":
        return [best]
    asked = _word_pairs(question)
    rows = [best, *(unit for unit in units if unit != best and _answers_beside(unit, best))]
    shared = [len(asked & _word_pairs(_text_of(row, evidence))) for row in rows]
    return [row for row, count in zip(rows, shared, strict=True) if count == max(shared)]


def _word_pairs(text: str) -> set[tuple[str, str]]:
    return set(pairwise(stems(text)))


def _answers_beside(unit: ScoredUnit, best: ScoredUnit) -> bool:
    return (unit.passage, unit.block) == (best.passage, best.block) and unit.score >= best.score - _BESIDE


def _next_unit(unit: ScoredUnit, scores: dict[tuple[int, int, int], ScoredUnit]) -> ScoredUnit | None:
    following = scores.get((unit.passage, unit.block, unit.index + 1))
    return following or scores.get((unit.passage, unit.block + 1, 0))


def _can_answer(unit: str) -> bool:
    return not (is_picture(unit) or is_pointer(unit) or is_question(unit))


def _text_of(unit: ScoredUnit, evidence: Evidence) -> str:
    return _block_of(unit, evidence).units[unit.index]


def _block_of(unit: ScoredUnit, evidence: Evidence) -> MarkdownBlock:
    return blocks_of(evidence.passages[unit.passage][1].chunk.text)[unit.block]


def _is_withheld(unit: ScoredUnit, evidence: Evidence) -> bool:
    chunk = evidence.passages[unit.passage][1].chunk
    return unit.index in quotable_blocks(chunk.section, chunk.text)[unit.block].withheld


def _section_of(unit: ScoredUnit, evidence: Evidence) -> tuple[str, str]:
    chunk = evidence.passages[unit.passage][1].chunk
    return chunk.document_id, chunk.section


def _number_of(unit: ScoredUnit, evidence: Evidence) -> int:
    return evidence.passages[unit.passage][0]


def _quotation(units: Sequence[ScoredUnit], evidence: Evidence, language: str) -> Quotation:
    """Quote the section around a unit, or around rows of one table, then its source's number."""
    unit = units[0]
    number, passage = evidence.passages[unit.passage]
    chunk = passage.chunk
    own = quotable_blocks(chunk.section, chunk.text)
    section = quotable_blocks(chunk.section, evidence.sections[unit.passage])
    said = own[unit.block].units[unit.index]
    block, index = _find_unit(said, section) or (None, unit.index)
    if block is None:
        section, block = own, unit.block
    near = frozenset(place for other in units for place in _places(own[unit.block].units[other.index], section[block]))
    is_suspect = has_orders(chunk.section, evidence.sections[unit.passage])
    window = window_around(section, block, index, near, is_alone=is_suspect)
    return _rendered(window, section[block], index, number, language)


def _find_unit(said: str, section: Sequence[MarkdownBlock]) -> tuple[int, int] | None:
    found = ((place, index) for place, block in enumerate(section) for index in _places(said, block))
    return next(found, None)


def _places(said: str, block: MarkdownBlock) -> list[int]:
    return [index for index, unit in enumerate(block.units) if unit == said and index not in block.withheld]


def _rendered(window: SectionWindow, block: MarkdownBlock, index: int, number: int, language: str) -> Quotation:
    """Write the blocks one below the other, and mark where the unit stands."""
    parts, start, key = [], 0, None
    for place, quoted in enumerate(window.quoted):
        text = _block_text(quoted, language)
        if place == window.key:
            begun = text.find(block.units[index])
            key = (start + begun, start + begun + len(block.units[index])) if begun >= 0 else None
        parts.append(text)
        start += len(text) + 2
    last = window.quoted[-1]
    # A marker inside a table's last row or a fence would become part of it.
    joined = "\n\n" if last.block.kind in ("table", "code") or last.left_out else " "
    is_all = sum(len(quoted.chosen) for quoted in window.quoted) == 1
    return Quotation("\n\n".join(parts) + f"{joined}[{number}]", number, None if is_all else key)


def _block_text(quoted: QuotedBlock, language: str) -> str:
    if not quoted.left_out:
        return quoted.text
    return f"{quoted.text}\n\n{canned_replies.more_rows(quoted.left_out, language)}"
