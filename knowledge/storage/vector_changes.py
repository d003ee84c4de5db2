"""The changes of chunks that the vector index has not applied yet, and the store of them.

A change is recorded in the transaction that changes the chunk. If the server is killed between the two, the index
catches up when it next opens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from knowledge.storage.documents import DocumentPlace


@dataclass(frozen=True)
class VectorChanges:
    """Changes for the vector index: vectors to add, chunks to remove, and the ids that acknowledge exactly these."""

    added: Sequence[tuple[DocumentPlace, int, bytes]] = ()
    removed: Sequence[tuple[DocumentPlace, int]] = ()
    ids: tuple[int, ...] = ()


class VectorChangeStore(Protocol):
    """A store of pending changes."""

    async def pending_changes(self, limit: int) -> VectorChanges:
        """Return the oldest pending changes; a chunk added and removed meanwhile is only removed."""
        ...

    async def acknowledge_changes(self, changes: VectorChanges) -> None:
        """Delete changes that the vector index now holds, and no other.

        Two writers may commit in another order than that of their ids, so a lower id may still come.
        """
        ...

    async def record_all_chunks(self) -> None:
        """Replace all pending changes by one that adds each chunk, to fill an empty vector index."""
        ...
