"""Search a folder by meaning and by words, and say how well what was found covers the question."""

import asyncio
import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from knowledge import store, terms
from knowledge.confidence import Signals
from knowledge.embeddings import Vector, Vectors
from knowledge.library import Library
from knowledge.store import StoredChunk

CANDIDATES = 40
# Reciprocal rank fusion; 60 is the constant of the paper that introduced it, and nothing here was better with another.
_RANK_OFFSET = 60
_COLUMN_WEIGHTS = "0.0, 2.0, 1.5, 1.0"  # folder, title, section, text


@dataclass(frozen=True)
class Passage:
    """A chunk that was found: how near in meaning (cosine), and how well by its words (BM25)."""

    chunk: StoredChunk
    cosine: float
    lexical: float


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
class _Lexical:
    scores: dict[int, float]
    weights: dict[str, float]


@dataclass(frozen=True)
class _Found:
    vector: Vector
    cosines: dict[int, float]
    lexical: _Lexical
    size: int

    @property
    def best_by_words(self) -> float:
        total = sum(self.lexical.weights.values())
        return max(self.lexical.scores.values(), default=0.0) / total if total else 0.0


class Searcher:
    """Searches the folders of one library."""

    def __init__(self, library: Library) -> None:
        self._library = library

    async def closeness(self, text: str, folder: str) -> Closeness:
        """How near a text is to a folder, without reading what is there."""
        found = await self._find(text, folder)
        return Closeness(np.asarray(list(found.cosines.values())), found.best_by_words, found.size)

    async def search(self, question: str, folder: str, *, context: str = "") -> Findings:
        """Dense and lexical search fused by rank. `context` is what the conversation adds."""
        text = f"{context} {question}".strip()
        found = await self._find(text, folder)
        order = _fuse(list(found.cosines), list(found.lexical.scores))
        chunks, vectors = await self._library.read(lambda db: _fetch(db, order))
        passages = tuple(
            Passage(
                chunk=chunks[chunk_id],
                cosine=found.cosines.get(chunk_id, float(vectors[chunk_id] @ found.vector)),
                lexical=found.lexical.scores.get(chunk_id, 0.0),
            )
            for chunk_id in order
            if chunk_id in chunks
        )
        return Findings(passages, _signals(passages, found.lexical.weights))

    async def _find(self, text: str, folder: str) -> _Found:
        vector = (await self._library.embedder.embed([text]))[0]
        sizes = await self._library.sizes()
        dense, lexical = await asyncio.gather(
            self._library.index.nearest(folder, vector, CANDIDATES),
            self._library.read(lambda db: _lexical(db, folder, terms.content_words(text), sum(sizes.values()))),
        )
        return _Found(vector, dict(dense), lexical, sizes.get(folder, 0))


def _lexical(db: sqlite3.Connection, folder: str, words: Sequence[str], total: int) -> _Lexical:
    """BM25 scores of the best chunks, and the weight (inverse document frequency) of each stem of the question."""
    by_stem = {terms.stem(word): word for word in words}
    if not by_stem:
        return _Lexical({}, {})
    weights = {stem: _weight(total, _frequency(db, stem)) for stem in by_stem}
    any_word = " OR ".join(_quoted(word) for word in by_stem.values())
    rows = db.execute(
        f"""SELECT rowid, -bm25(chunk_words, {_COLUMN_WEIGHTS}) AS score FROM chunk_words
            WHERE chunk_words MATCH ? ORDER BY score DESC LIMIT ?""",
        (f"folder : {store.folder_word(folder)} AND ({any_word})", CANDIDATES),
    )
    return _Lexical({row["rowid"]: row["score"] for row in rows}, weights)


def _frequency(db: sqlite3.Connection, stem: str) -> int:
    row = db.execute("SELECT doc FROM chunk_vocabulary WHERE term = ?", (stem,)).fetchone()
    return row["doc"] if row else 0


def _weight(total: int, frequency: int) -> float:
    return math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _fuse(*rankings: list[int]) -> list[int]:
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, chunk_id in enumerate(ranking):
            scores[chunk_id] = scores.get(chunk_id, 0.0) + 1 / (_RANK_OFFSET + rank)
    return sorted(scores, key=lambda chunk_id: -scores[chunk_id])


def _fetch(db: sqlite3.Connection, ids: list[int]) -> tuple[dict[int, StoredChunk], dict[int, Vector]]:
    vectors = {
        found: np.frombuffer(blob, dtype=np.float32) for found, blob in store.embeddings_of_chunks(db, ids).items()
    }
    return store.chunks_by_id(db, ids), vectors


def _signals(passages: Sequence[Passage], weights: dict[str, float]) -> Signals:
    """What distinguishes a question that these passages answer from one that they only look like."""
    if not passages:
        return Signals()
    total = sum(weights.values()) or 1.0
    by_cosine = sorted((passage.cosine for passage in passages), reverse=True)
    rest = by_cosine[1:10] or [0.0]
    stems_of = [_stems_of(passage) for passage in passages[:3]]
    best_by_words = max(passages, key=lambda passage: passage.lexical)
    best_by_meaning = max(passages, key=lambda passage: passage.cosine)
    elsewhere = [p.lexical for p in passages if p.chunk.document_id != best_by_words.chunk.document_id]
    together = frozenset[str]().union(*stems_of)
    return Signals(
        cosine=by_cosine[0],
        cosine_lead=by_cosine[0] - sum(rest) / len(rest),
        cosine_of_lexical=best_by_words.cosine,
        lexical=best_by_words.lexical / total,
        lexical_lead=(best_by_words.lexical - max(elsewhere, default=0.0)) / total,
        agreement=float(best_by_words.chunk.document_id == best_by_meaning.chunk.document_id),
        coverage=_covered(weights, stems_of[0]) / total,
        joint_coverage=_covered(weights, together) / total,
        heaviest_missing=max((weight for stem, weight in weights.items() if stem not in together), default=0.0),
    )


def _stems_of(passage: Passage) -> frozenset[str]:
    chunk = passage.chunk
    return frozenset(terms.stems(f"{chunk.title} {chunk.section} {chunk.text}"))


def _covered(weights: dict[str, float], stems: frozenset[str]) -> float:
    return sum(weight for stem, weight in weights.items() if stem in stems)
