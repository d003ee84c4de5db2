"""Search a folder by meaning and by words, and say how well what was found covers the question.

Whoever asks is answered from everybody's documents and from their own, as if both were one folder's; what others own is
looked at by nothing here.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from knowledge import lexical, store
from knowledge.confidence import Signals
from knowledge.embeddings import Vector, Vectors
from knowledge.lexical import Lexical
from knowledge.library import Library
from knowledge.reranking import Reranker
from knowledge.schema import Place
from knowledge.store import StoredChunk
from knowledge.vocabulary import NOTHING

CANDIDATES = 40
# What matching every word of the question perfectly adds to a cosine.
_WORDS_WEIGHT = 0.5
# A reranker reads so many of the best passages.
_RERANKED = 20


@dataclass(frozen=True)
class Passage:
    """A chunk that was found: how near in meaning (cosine), how well by its words (BM25), and both together."""

    chunk: StoredChunk
    cosine: float
    lexical: float
    score: float


@dataclass(frozen=True)
class Findings:
    """What a folder holds on a question, best first, and the signals that confidence is told from."""

    passages: tuple[Passage, ...]
    signals: Signals


@dataclass(frozen=True)
class Closeness:
    """A folder's nearest cosines, how much of the text its best passage by words matches, and its size in chunks."""

    cosines: Vectors
    words: float
    size: int


@dataclass(frozen=True)
class _Found:
    vector: Vector
    cosines: dict[int, float]
    lexical: Lexical
    size: int


class Searcher:
    """Searches the folders of one library."""

    def __init__(self, library: Library, reranker: Reranker | None = None) -> None:
        self._library = library
        self._reranker = reranker

    async def sizes(self, owner: str = "") -> dict[str, int]:
        """How many chunks each folder holds for that user."""
        shared, own = await self._library.sizes(), await self._library.sizes(owner) if owner else {}
        return {folder: shared.get(folder, 0) + own.get(folder, 0) for folder in shared.keys() | own.keys()}

    async def closeness(self, text: str, folders: Sequence[str], *, owner: str = "") -> list[Closeness]:
        """How near a text is to each folder, without reading what is there."""
        return [
            Closeness(np.asarray(list(found.cosines.values())), found.lexical.best, found.size)
            for found in await self._find(text, folders, owner)
        ]

    async def search(self, question: str, folder: str, *, owner: str = "", context: str = "") -> Findings:
        """Dense and lexical search, fused. `context` is what the conversation adds."""
        text = f"{context} {question}".strip()
        (found,) = await self._find(text, [folder], owner)
        ids = list(found.cosines | found.lexical.scores)
        passages, signals = await self._library.read(lambda db: _fetch(db, ids, owner, found))
        passages.sort(key=lambda passage: -passage.score)
        if self._reranker:
            passages = await _reranked(text, passages, self._reranker)
        return Findings(tuple(passages), signals)

    async def _find(self, text: str, folders: Sequence[str], owner: str) -> list[_Found]:
        """The candidates of each folder. All folders at once, for what crosses to another thread waits there."""
        await self._library.level()
        sizes, words = await self._library.sizes(), await self._library.vocabulary()
        own_sizes = await self._library.sizes(owner) if owner else {}
        own_words = await self._library.own_vocabulary(owner) if own_sizes else NOTHING
        groups = [_places(folder, owner if folder in own_sizes else "") for folder in folders]
        total = sum(sizes.values()) + sum(own_sizes.values())

        def by_words(db: sqlite3.Connection) -> list[Lexical]:
            asked = lexical.read(db, text, words, own_words, total)
            return [lexical.find(db, places, asked, CANDIDATES) for places in groups]

        async def by_meaning() -> tuple[Vector, list[list[tuple[int, float]]]]:
            vector = (await self._library.embedder.embed([text]))[0]
            return vector, await self._library.index.nearest(groups, vector, CANDIDATES)

        (vector, near), worded = await asyncio.gather(by_meaning(), self._library.read(by_words))
        return [
            _Found(vector, dict(dense), lexically, sizes.get(folder, 0) + own_sizes.get(folder, 0))
            for folder, dense, lexically in zip(folders, near, worded, strict=True)
        ]


def _places(folder: str, owner: str) -> list[Place]:
    return [Place(folder), Place(folder, owner)] if owner else [Place(folder)]


def _fetch(db: sqlite3.Connection, ids: list[int], owner: str, found: _Found) -> tuple[list[Passage], Signals]:
    """The chunks with all that is known of them, and what they say of the search."""
    chunks = store.chunks_by_id(db, ids, owner)
    vectors = store.embeddings_of_chunks(db, list(chunks))
    asked = found.lexical.asked
    matches: dict[int, dict[str, float]] = {}
    for table in {store.words_table(""), store.words_table(owner)}:
        matches |= lexical.matches(db, table, list(chunks), asked)
    passages = []
    for chunk_id, chunk in chunks.items():
        cosine = float(np.frombuffer(vectors[chunk_id], dtype=np.float32) @ found.vector)
        by_words = sum(matches[chunk_id].values())
        passages.append(Passage(chunk, cosine, by_words, cosine + _WORDS_WEIGHT * by_words / asked.weight))
    signals = Signals.of(
        [passage.chunk.document_id for passage in passages],
        [passage.cosine for passage in passages],
        [passage.score for passage in passages],
        [matches[passage.chunk.id] for passage in passages],
        asked.weight,
        sum(asked.weights.get(name, 0.0) for name in asked.names & asked.unknown),
    )
    return passages, signals


async def _reranked(text: str, passages: Sequence[Passage], reranker: Reranker) -> list[Passage]:
    """The best ones in the reranker's order, then the rest."""
    best = passages[:_RERANKED]
    scores = await reranker.scores(text, [f"{passage.chunk.title}. {passage.chunk.text}" for passage in best])
    order = sorted(range(len(best)), key=lambda place: -scores[place])
    return [*(best[place] for place in order), *passages[_RERANKED:]]
