"""The interfaces of maintenance: erasing words, checking what is stored, and embedding it again with another model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from knowledge.ingestion.chunk_vectors import ChunkVectors
from knowledge.ingestion.chunking import Chunk
from knowledge.storage.documents import DocumentPlace


class ErasureStore(Protocol):
    """A store that erases removed words from its lexical indexes in small steps, between which other writes proceed."""

    async def removals_to_erase(self) -> str | None:
        """Return a mark of the removals whose words are not erased yet, or None if there are none."""
        ...

    async def merge_words(self, *, owned: bool, begins: bool) -> bool:
        """Erase some words of owned or of shared documents; return False when nothing is left to erase."""
        ...

    async def settle_removals(self, removals: str) -> None:
        """Record that the words of these removals are erased, unless there were more removals meanwhile."""
        ...


@dataclass(frozen=True)
class StoredAmounts:
    """What a store holds, and the problems found in it, one line each."""

    documents: int
    chunks: int
    pending: int
    problems: tuple[str, ...]


class CheckedStore(Protocol):
    """A store whose rows and lexical indexes can be checked, and whose lexical indexes can be rebuilt."""

    async def check_rows(self) -> StoredAmounts:
        """Check the rows of documents and chunks."""
        ...

    async def check_words(self) -> list[str]:
        """Return the problems of the lexical indexes by themselves."""
        ...

    async def chunk_ids(self) -> Mapping[DocumentPlace, set[int]]:
        """Return the ids of all stored chunks by place."""
        ...

    async def indexed_chunk_ids(self, *, owned: bool) -> set[int]:
        """Return the ids of the chunks that the lexical index of owned or of shared documents holds."""
        ...

    async def changed_chunk_ids(self) -> set[int]:
        """Return the ids of the chunks whose changes the vector index has not applied yet."""
        ...

    async def embeddings(self, ids: Sequence[int]) -> Mapping[int, bytes]:
        """Return the stored vectors of chunks."""
        ...

    async def rebuild_words(self) -> None:
        """Rebuild the lexical indexes from the chunks."""
        ...


class UnembeddedChunk(NamedTuple):
    """A chunk that the next model has not embedded yet, with the title of its document."""

    id: int
    title: str
    chunk: Chunk


class ReembeddingStore(Protocol):
    """A store of the vectors of the next embedding model, beside those of the one that serves."""

    async def next_model(self) -> str | None:
        """Return the model of these vectors, or None while no change of model is under way."""
        ...

    async def begin(self, model: str) -> None:
        """Begin a change to a model, or go on with it; vectors of any other next model are dropped."""
        ...

    async def abandon(self) -> None:
        """Drop these vectors."""
        ...

    async def unembedded_chunks(self, after: int, limit: int) -> list[UnembeddedChunk]:
        """Return some of the chunks that lack a vector of the next model, by id and after that one."""
        ...

    async def add_vectors(self, ids: Sequence[int], vectors: ChunkVectors) -> int:
        """Store the vectors of those chunks that still exist, and return their number."""
        ...

    async def amounts(self) -> tuple[int, int]:
        """Return the number of chunks that the next model has embedded, and of all chunks."""
        ...

    async def chunk_ids(self) -> Mapping[DocumentPlace, set[int]]:
        """Return the ids of the chunks that the next model has embedded, by place."""
        ...

    async def embeddings(self, ids: Sequence[int]) -> Mapping[int, bytes]:
        """Return the vectors of the next model of chunks."""
        ...

    async def swap(self, model: str) -> bool:
        """Make the next model the one that serves, in one transaction; return False if a chunk lacks its vector.

        The pending changes of the vector index are dropped: the new index is compared with the chunks instead."""
        ...

    async def is_unsettled(self) -> bool:
        """Tell whether the vector index of the earlier model may still be in the place of the new one."""
        ...

    async def settle(self) -> None:
        """Record that the vector index in its place is the new one and complete."""
        ...
