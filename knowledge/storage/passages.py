"""The interface of a store of passages: what a search reads, from one snapshot each."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from knowledge.index.lexical import LexicalQuery, WordStatistics
from knowledge.index.vocabulary import Vocabulary
from knowledge.storage.documents import DocumentPlace, StoredChunk


@dataclass(frozen=True)
class FoundChunk:
    """A chunk that a search found, with its stored vector and its score by each word of the question."""

    chunk: StoredChunk
    vector: bytes
    words: Mapping[str, float]


@dataclass(frozen=True)
class FoundChunks:
    """The chunks found, the question as lexical search read it, and whether some were removed before they were read.

    `model` is the embedding model of the chunks' vectors, or None if none is recorded."""

    asked: LexicalQuery
    chunks: tuple[FoundChunk, ...]
    lacks_some: bool
    model: str | None = None


class PassageStore(Protocol):
    """A store of chunks and the words in them."""

    async def find_chunks(
        self,
        text: str,
        statistics: WordStatistics,
        groups: Sequence[Sequence[DocumentPlace]],
        near: Sequence[Collection[int]],
        limit: int,
    ) -> list[FoundChunks]:
        """For each group of places, read the chunks that a vector index found there and find up to `limit` by words.

        All of it is one snapshot. Chunks that the vector index holds and SQL does not are left out.
        """
        ...

    async def best_scores(
        self, text: str, statistics: WordStatistics, groups: Sequence[Sequence[DocumentPlace]], limit: int
    ) -> list[float]:
        """Return the best lexical score within each group of places, as a share of the question's weight."""
        ...

    async def corrections(self, misspelt: Sequence[str], statistics: WordStatistics) -> dict[str, str]:
        """Return for misspelt words the words that documents write instead, as far as any is near.

        Words that documents hold after all are left out: what was known of them is a moment old."""
        ...

    async def chunks_by_id(self, ids: Sequence[int], owner: str) -> dict[int, StoredChunk]:
        """Return the chunks among `ids` that still exist and that a user may see."""
        ...

    async def section_chunks(self, ids: Sequence[int], reach: int) -> dict[int, list[StoredChunk]]:
        """Return for each chunk those of its section, itself among them, that are up to `reach` positions away."""
        ...

    async def unit_vectors(self, ids: Sequence[int], model: str) -> dict[int, bytes]:
        """Return the packed vectors of the units of chunks, without the chunks that have none of that model."""
        ...

    async def shared_vocabulary(self) -> Vocabulary:
        """Return the vocabulary of the shared documents."""
        ...

    async def own_vocabulary(self, owner: str) -> Vocabulary:
        """Return the vocabulary of a user's own documents."""
        ...
