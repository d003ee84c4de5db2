"""The interfaces of maintenance: erasing the words of removed documents, and checking what is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

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
