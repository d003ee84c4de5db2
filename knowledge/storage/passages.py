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
        places: Sequence[DocumentPlace],
        near: Collection[int],
        limit: int,
    ) -> FoundChunks:
        """Read the chunks that a vector index has found, and find up to `limit` by words, all in one snapshot.

        Chunks that the vector index holds and SQL does not are left out.
        """
        ...

    async def best_scores(
        self, text: str, statistics: WordStatistics, groups: Sequence[Sequence[DocumentPlace]], limit: int
    ) -> list[float]:
        """Return the best lexical score within each group of places, as a share of the question's weight."""
        ...

    async def chunks_by_id(self, ids: Sequence[int], owner: str) -> dict[int, StoredChunk]:
        """Return the chunks among `ids` that still exist and that a user may see."""
        ...

    async def shared_vocabulary(self) -> Vocabulary:
        """Return the vocabulary of the shared documents."""
        ...

    async def own_vocabulary(self, owner: str) -> Vocabulary:
        """Return the vocabulary of a user's own documents."""
        ...
