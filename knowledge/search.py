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
from knowledge.lexical import Asked, Lexical
from knowledge.library import Library
from knowledge.schema import Place
from knowledge.store import StoredChunk

CANDIDATES = 40
# What matching every word of the question perfectly adds to a cosine.
_WORDS_WEIGHT = 0.5
_MOST_UNKNOWN_NAMES = 2


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

    def __init__(self, library: Library) -> None:
        self._library = library

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
        chunks, vectors = await self._library.read(lambda db: _fetch(db, ids, owner))
        passages = [
            _passage(chunks[chunk_id], float(vectors[chunk_id] @ found.vector), found.lexical)
            for chunk_id in ids
            if chunk_id in chunks
        ]
        passages.sort(key=lambda passage: -passage.score)
        return Findings(tuple(passages), _signals(passages, found.lexical.asked))

    async def _find(self, text: str, folders: Sequence[str], owner: str) -> list[_Found]:
        """The candidates of each folder. All folders at once, for what crosses to another thread waits there."""
        vector = (await self._library.embedder.embed([text]))[0]
        sizes, vocabulary = await self._library.sizes(), await self._library.vocabulary()
        own_sizes = await self._library.sizes(owner) if owner else {}
        own_words = await self._library.own_words(owner) if own_sizes else {}
        groups = [_places(folder, owner if folder in own_sizes else "") for folder in folders]
        total = sum(sizes.values()) + sum(own_sizes.values())

        def by_words(db: sqlite3.Connection) -> list[Lexical]:
            asked = lexical.read(db, text, vocabulary, own_words, total)
            return [lexical.find(db, places, asked, CANDIDATES) for places in groups]

        near, worded = await asyncio.gather(
            self._library.index.nearest(groups, vector, CANDIDATES), self._library.read(by_words)
        )
        return [
            _Found(vector, dict(dense), lexically, sizes.get(folder, 0) + own_sizes.get(folder, 0))
            for folder, dense, lexically in zip(folders, near, worded, strict=True)
        ]


def _places(folder: str, owner: str) -> list[Place]:
    return [Place(folder), Place(folder, owner)] if owner else [Place(folder)]


def _passage(chunk: StoredChunk, cosine: float, lexical: Lexical) -> Passage:
    by_words = lexical.scores.get(chunk.id, 0.0)
    return Passage(chunk, cosine, by_words, cosine + _WORDS_WEIGHT * by_words / lexical.asked.weight)


def _fetch(db: sqlite3.Connection, ids: list[int], owner: str) -> tuple[dict[int, StoredChunk], dict[int, Vector]]:
    vectors = {
        found: np.frombuffer(blob, dtype=np.float32) for found, blob in store.embeddings_of_chunks(db, ids).items()
    }
    return store.chunks_by_id(db, ids, owner), vectors


def _signals(passages: Sequence[Passage], asked: Asked) -> Signals:
    """What distinguishes a question that these passages answer from one that they only look like."""
    if not passages:
        return Signals()
    by_cosine = sorted((passage.cosine for passage in passages), reverse=True)
    rest = by_cosine[1:10] or [0.0]
    by_words = max(passages, key=lambda passage: passage.lexical)
    by_meaning = max(passages, key=lambda passage: passage.cosine)
    elsewhere = [p.lexical for p in passages if p.chunk.document_id != by_words.chunk.document_id]
    return Signals(
        cosine=by_cosine[0],
        cosine_lead=by_cosine[0] - sum(rest) / len(rest),
        lexical_lead=(by_words.lexical - max(elsewhere, default=0.0)) / asked.weight,
        agreement=float(by_words.chunk.document_id == by_meaning.chunk.document_id),
        unknown_names=min(len(asked.names & asked.unknown), _MOST_UNKNOWN_NAMES),
    )
