"""Compose an answer out of quotations: the best match first, then what belongs to it in its own document.

No sentence is written here; every piece stands as it is in a source, and carries that source's number. Text that
addresses a model rather than a reader is not quoted (`agents/security/injection.py`).
"""

from dataclasses import dataclass

import numpy as np

from knowledge.text.answer_type import wanted_type
from knowledge.text.markdown_blocks import MarkdownBlock, blocks
from agents.security.injection import withhold_orders
from knowledge.embedding.embedder import Embedder
from knowledge.retrieval.strategies import Evidence
from knowledge.text import words
from knowledge.text.english import ENGLISH

PASSAGES_READ = 7
# The weights of a unit's words and of its passage's score, beside its nearness in meaning.
_WORD_WEIGHT = 0.25
_PASSAGE_WEIGHT = 1.0
# The share of the best score from which another unit is quoted too.
_BESIDE = 0.85
_ELSEWHERE = 0.92
_MAX_ROWS = 6
_MAX_SENTENCES = 4
# A paragraph up to this length reads better whole.
_SHORT_PARAGRAPH = 420
# The bonus for the right type of answer: a time to "how long", an amount to "how much".
_KIND_WEIGHT = 0.12


@dataclass(frozen=True)
class _ScoredUnit:
    """A unit by its place (passage, block, index), and how well it answers."""

    passage: int
    block: int
    index: int
    score: float


@dataclass(frozen=True)
class _ParsedPassages:
    """The passages split up: the source number, document, score and blocks of each."""

    numbers: tuple[int, ...]
    documents: tuple[str, ...]
    scores: tuple[float, ...]
    blocks: tuple[tuple[MarkdownBlock, ...], ...]


async def quote(question: str, evidence: Evidence, embedder: Embedder) -> list[str]:
    """Return the paragraphs of the answer; empty if the evidence holds nothing that can be quoted."""
    read = evidence.passages[:PASSAGES_READ]
    reading = _ParsedPassages(
        tuple(number for number, _ in read),
        tuple(passage.chunk.document_id for _, passage in read),
        tuple(passage.score for _, passage in read),
        tuple(withhold_orders(passage.chunk.section, blocks(passage.chunk.text)) for _, passage in read),
    )
    sections = [f"{passage.chunk.title} {passage.chunk.section}" for _, passage in read]
    scored = await _score_units(question, reading, sections, embedder)
    units = [unit for unit in scored if unit.index not in reading.blocks[unit.passage][unit.block].withheld]
    # If a withheld unit is by far the nearest, the rest is about something else.
    if not units or units[0].score < _BESIDE * scored[0].score:
        return []
    best = units[0]
    answer = [_with_neighbours(best, units, reading)]
    second = next((unit for unit in units if _is_as_good_elsewhere(unit, best, reading)), None)
    if second:
        answer.append(_with_neighbours(second, units, reading))
    return answer


async def _score_units(
    question: str, reading: _ParsedPassages, sections: list[str], embedder: Embedder
) -> list[_ScoredUnit]:
    """Score every unit of every passage, best first."""
    places = [
        (passage, block, index)
        for passage, passage_blocks in enumerate(reading.blocks)
        for block, found in enumerate(passage_blocks)
        for index in range(len(found.units))
    ]
    if not places:
        return []
    texts = [f"{sections[p]}: {reading.blocks[p][b].units[i]}" for p, b, i in places]
    vectors = await embedder.embed([question, *texts])
    cosines = vectors[1:] @ vectors[0]
    asked = set(words.stems(question))
    is_wanted = wanted_type(question)
    scores = [
        float(cosine)
        + _WORD_WEIGHT * _share_of_stems(asked, text)
        + _KIND_WEIGHT * is_wanted(text)
        + _PASSAGE_WEIGHT * reading.scores[place[0]]
        for cosine, text, place in zip(cosines, texts, places, strict=True)
    ]
    order = np.argsort(scores)[::-1]
    return [_scored_unit(places[position], scores[position]) for position in order]


def _scored_unit(place: tuple[int, int, int], score: float) -> _ScoredUnit:
    return _ScoredUnit(passage=place[0], block=place[1], index=place[2], score=score)


def _share_of_stems(asked: set[str], text: str) -> float:
    return len(asked.intersection(words.stems(text))) / len(asked) if asked else 0.0


def _is_as_good_elsewhere(unit: _ScoredUnit, best: _ScoredUnit, reading: _ParsedPassages) -> bool:
    """Return True if a unit of another document is as good as the best one."""
    elsewhere = reading.documents[unit.passage] != reading.documents[best.passage]
    return elsewhere and unit.score >= _ELSEWHERE * best.score


def _with_neighbours(unit: _ScoredUnit, units: list[_ScoredUnit], reading: _ParsedPassages) -> str:
    """Quote the unit with the context needed to understand it, then its source's number."""
    passage = reading.blocks[unit.passage]
    block = passage[unit.block]
    marker = f"[{reading.numbers[unit.passage]}]"
    near = {
        other.index
        for other in units
        if (other.passage, other.block) == (unit.passage, unit.block) and other.score >= _BESIDE * unit.score
    }
    if block.kind == "paragraph":
        text = block.render(_sentences_around(block, unit.index, near))
        return "\n\n".join([f"{text} {marker}", *_introduced_block(passage, unit.block, text)])
    chosen = _rows_or_items(block, unit.index, near)
    # A marker inside a table's last row or a fence would become part of it.
    ending = f" {marker}" if block.kind in ("ordered", "bullets") else f"\n\n{marker}"
    return "\n\n".join([*_introducing_sentence(passage, unit.block), block.render(chosen) + ending])


def _sentences_around(block: MarkdownBlock, start: int, near: set[int]) -> list[int]:
    """Choose the sentence, the one it points back to, and those after it that continue it or answer as well."""
    if len(block.render(range(len(block.units)))) <= _SHORT_PARAGRAPH:
        return list(range(len(block.units)))
    continues = ENGLISH.sentences.continuation
    chosen = [start]
    if start and continues.match(block.units[start]):
        chosen.insert(0, start - 1)
    for index in range(start + 1, len(block.units)):
        if len(chosen) == _MAX_SENTENCES or not (index in near or continues.match(block.units[index])):
            break
        chosen.append(index)
    return chosen


def _rows_or_items(block: MarkdownBlock, best: int, near: set[int]) -> list[int]:
    """Choose all steps of a procedure; of a list or table the part that answers, or all of it if it is short."""
    if block.kind in ("ordered", "code") or (block.kind == "bullets" and len(block.units) <= _MAX_ROWS):
        return list(range(len(block.units)))
    return sorted(sorted(near, key=lambda index: abs(index - best))[:_MAX_ROWS])


def _introducing_sentence(passage: tuple[MarkdownBlock, ...], block: int) -> list[str]:
    """Return the sentence before a list or table if it ends in a colon: the rows alone say half of what they mean."""
    before = passage[block - 1] if block else None
    if before and before.kind == "paragraph" and before.render([len(before.units) - 1]).endswith(":"):
        return [before.units[-1]]
    return []


def _introduced_block(passage: tuple[MarkdownBlock, ...], block: int, text: str) -> list[str]:
    """Return the list, table or code that a quoted sentence announces with a colon, or the steps that follow it."""
    after = passage[block + 1] if block + 1 < len(passage) else None
    if after is None or after.kind == "paragraph":
        return []
    if text.endswith(":") or after.kind == "ordered":
        return list(filter(None, [after.render(range(len(after.units)))]))
    return []
