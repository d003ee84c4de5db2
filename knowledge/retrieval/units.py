"""The units of the passages found, scored by how well each answers the question.

A unit is a sentence, a list item, a table row or code. Its vector was stored when its document was indexed; the units
of documents that an earlier release has indexed are embedded when a question comes, and so are all units during the
moment in which the embedding model changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from knowledge.embedding.embedder import Embedder, Vector, Vectors
from knowledge.embedding.quantized import dequantize
from knowledge.ingestion.units import unit_texts
from knowledge.retrieval.search import Passage
from knowledge.storage.documents import StoredChunk
from knowledge.storage.passages import PassageStore
from knowledge.text import words
from knowledge.text.answer_type import wanted_type
from knowledge.text.directions import agreement
from knowledge.text.markdown_blocks import MarkdownBlock, blocks

# The weights of a unit's words, of its passage's score, of the right type of answer (a time to "how long", an amount to
# "how much"), and of going the way that the question goes (on or off), beside its nearness in meaning.
_WORD_WEIGHT = 0.2
_PASSAGE_WEIGHT = 1.0
_TYPE_WEIGHT = 0.1
_DIRECTION_WEIGHT = 0.1


@dataclass(frozen=True)
class ScoredUnit:
    """A unit by its place (passage, block, index), and how well it answers."""

    passage: int
    block: int
    index: int
    score: float
    cosine: float


@lru_cache(maxsize=2_000)
def blocks_of(text: str) -> tuple[MarkdownBlock, ...]:
    """Return the blocks of a passage; those of popular passages are remembered."""
    return tuple(blocks(text))


async def score_units(
    question: str, passages: Sequence[Passage], store: PassageStore, embedder: Embedder
) -> list[ScoredUnit]:
    """Score every unit of the passages, best first."""
    scored: list[ScoredUnit] = []
    for place, (passage, cosines) in enumerate(
        zip(passages, await _cosines(question, passages, store, embedder), strict=True)
    ):
        scored += _score_passage(question, place, passage, cosines)
    return sorted(scored, key=lambda unit: -unit.score)


async def _cosines(question: str, passages: Sequence[Passage], store: PassageStore, embedder: Embedder) -> list[Vector]:
    """Return how near each passage's units are to the question, all embedded by one model."""
    chunks = [passage.chunk for passage in passages]
    while True:
        model = embedder.model
        vector = (await embedder.embed([question]))[0]
        packed = await store.unit_vectors([chunk.id for chunk in chunks], model)
        vectors = [await _vectors_of(chunk, packed.get(chunk.id), len(vector), embedder) for chunk in chunks]
        if embedder.model == model:
            return [units @ vector if len(units) else vector[:0] for units in vectors]


async def _vectors_of(chunk: StoredChunk, packed: bytes | None, dimensions: int, embedder: Embedder) -> Vectors:
    if packed is not None:
        return dequantize(packed, dimensions)
    return await embedder.embed(unit_texts(chunk.title, chunk.section, chunk.text))


def _score_passage(question: str, place: int, passage: Passage, cosines: Vector) -> list[ScoredUnit]:
    asked = set(words.stems(question))
    is_wanted = wanted_type(question)
    chunk = passage.chunk
    subject = f"{chunk.title} {chunk.section}"
    places = [(b, i, unit) for b, block in enumerate(blocks_of(chunk.text)) for i, unit in enumerate(block.units)]
    return [
        ScoredUnit(
            place,
            block,
            index,
            float(cosine)
            + _WORD_WEIGHT * _share_of_stems(asked, f"{subject} {unit}")
            + _TYPE_WEIGHT * is_wanted(unit)
            + _DIRECTION_WEIGHT * (agreement(question, unit) or agreement(question, subject))
            + _PASSAGE_WEIGHT * passage.score,
            float(cosine),
        )
        for (block, index, unit), cosine in zip(places, cosines, strict=True)
    ]


def _share_of_stems(asked: set[str], text: str) -> float:
    return len(asked.intersection(words.stems(text))) / len(asked) if asked else 0.0
