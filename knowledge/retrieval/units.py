"""The units of the passages found, scored by how well each answers the question.

A unit is a sentence, a list item, a table row or code. Its vector was stored when its document was indexed; the units
of documents that an earlier release has indexed are embedded when a question comes, and so are all units during the
moment in which the embedding model changes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from knowledge.embedding.embedder import Embedder, Vector, Vectors
from knowledge.embedding.quantized import dequantize
from knowledge.index.lexical import LexicalQuery
from knowledge.ingestion.units import unit_texts
from knowledge.retrieval.defining_words import held_share
from knowledge.retrieval.search import Passage
from knowledge.storage.documents import StoredChunk
from knowledge.storage.passages import PassageStore
from knowledge.text.answer_type import wanted_type
from knowledge.text.directions import agreement
from knowledge.text.markdown_blocks import MarkdownBlock, blocks

# Beside the nearness of a unit in meaning: the weights of the question's words that it holds, with and without its
# headings, of its passage's score, of the right type of answer (a time to "how long", an amount to "how much"), and of
# going the way that the question goes (on or off). Code alone answers few questions that are asked in words.
_WORD_WEIGHT = 0.2
_OWN_WORD_WEIGHT = 0.2
_PASSAGE_WEIGHT = 0.8
_TYPE_WEIGHT = 0.1
_DIRECTION_WEIGHT = 0.1
_CODE_COST = 0.1


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
    question: str, asked: LexicalQuery, passages: Sequence[Passage], store: PassageStore, embedder: Embedder
) -> list[ScoredUnit]:
    """Score every unit of the passages, best first; `asked` are the words of the question."""
    cosines = await _cosines(question, passages, store, embedder)
    scored: list[ScoredUnit] = []
    for place, (passage, near) in enumerate(zip(passages, cosines, strict=True)):
        scored += _score_passage(question, asked, place, passage, near)
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


def _score_passage(
    question: str, asked: LexicalQuery, place: int, passage: Passage, cosines: Vector
) -> Iterator[ScoredUnit]:
    is_wanted = wanted_type(question)
    subject = f"{passage.chunk.title} {passage.chunk.section}"
    found = blocks_of(passage.chunk.text)
    places = [(number, index, unit) for number, block in enumerate(found) for index, unit in enumerate(block.units)]
    for (number, index, unit), cosine in zip(places, cosines, strict=True):
        score = (
            float(cosine)
            + _WORD_WEIGHT * held_share(asked, f"{subject} {unit}")
            + _OWN_WORD_WEIGHT * held_share(asked, unit)
            + _TYPE_WEIGHT * is_wanted(unit)
            + _DIRECTION_WEIGHT * (agreement(question, unit) or agreement(question, subject))
            + _PASSAGE_WEIGHT * passage.score
            - _CODE_COST * (found[number].kind == "code")
        )
        yield ScoredUnit(place, number, index, score, float(cosine))
