"""The vector index that searches use, kept in step with SQL: filled, caught up, compacted, and replaced.

One caller at a time changes it, so that changes keep their order. Searches never wait for that.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from knowledge.errors import IndexUnavailable, StorageFull
from knowledge.index.vector_index import VectorIndex
from knowledge.storage.documents import DocumentPlace
from knowledge.storage.stores import LibraryStores
from knowledge.storage.vector_changes import VectorChanges

_LOG = logging.getLogger(__name__)

# How long searches use an index that lacks changes before they try again to apply them.
_RETRY_SECONDS = 2.0
# Searches wait for the index while it applies a batch of changes.
_CHANGES_AT_ONCE = 100
_FILLED_AT_ONCE = 500


class StoredVectors(Protocol):
    """The vectors that an index should hold."""

    async def chunk_ids(self) -> Mapping[DocumentPlace, set[int]]: ...

    async def embeddings(self, ids: Sequence[int]) -> Mapping[int, bytes]: ...


class SyncedIndex:
    """The vector index of a library; `changed` is called whenever documents or the model have changed."""

    def __init__(self, stores: LibraryStores, index: VectorIndex, directory: Path, changed: Callable[[], None]) -> None:
        self.index = index
        self._stores = stores
        self._directory = directory
        self._changed = changed
        self._changing = asyncio.Lock()
        self._retry_at = 0.0

    async def open(self) -> None:
        """Open the index and bring it level with SQL; rebuild it if it cannot be used as it is."""
        is_unsettled = await self._stores.reembedding.is_unsettled()
        opened = await self.index.open()
        if opened and is_unsettled:
            opened = await level_index(self.index, self._stores.checked)
        if opened:
            await self.apply_changes()
        stored = await self._stores.documents.chunk_counts()
        if not opened or await self.index.counts() != stored:
            if stored:
                _LOG.warning(
                    "the vector index cannot be used as it is; it is made anew from %d stored vectors",
                    sum(stored.values()),
                )
            await self.refill()
        if is_unsettled:
            await self._stores.reembedding.settle()

    async def level(self) -> None:
        """Before a search, apply changes that the index could not store earlier because the disk was full."""
        if self._retry_at and time.monotonic() > self._retry_at and not self._changing.locked():
            with suppress(StorageFull, IndexUnavailable):
                await self.apply_changes()

    async def catch_up(self) -> bool:
        """Apply pending changes at once; return False if the index cannot take them."""
        if self._retry_at:
            return False
        with suppress(StorageFull, IndexUnavailable):
            await self.apply_changes()
            return True
        return False

    async def settled(self) -> None:
        """Wait until a replacement under way is complete."""
        async with self._changing:
            pass

    async def refill(self) -> None:
        """Fill the index anew from SQL, without embedding again."""
        await self._reset()
        await self.apply_changes()

    async def compact(self) -> None:
        """Free what the index holds of removed documents; rebuild it if that breaks it."""
        async with self._changing:
            if await self.index.compact():
                return
            self._retry_at = time.monotonic()
            await self._reset()
        await self.apply_changes()

    async def apply_changes(self) -> None:
        """Apply to the index what SQL already holds."""
        async with self._changing:
            self._changed()
            try:
                while True:
                    changes = await self._stores.vector_changes.pending_changes(_CHANGES_AT_ONCE)
                    if not changes.ids:
                        break
                    if not await self.index.apply(changes):
                        # A change that failed half-way has broken the index.
                        await self._reset()
                        continue
                    await self._stores.vector_changes.acknowledge_changes(changes)
            except BaseException:
                self._retry_at = time.monotonic() + _RETRY_SECONDS
                raise
            self._retry_at = 0.0

    async def replace(self, following: VectorIndex, swap: Callable[[], Awaitable[bool]]) -> bool:
        """Put another index in the place of this one once `swap` has replaced the vectors in SQL.

        Return False if `swap` does. What follows it may fail or be killed at any point: the next start completes it.
        """
        replaced = self.index
        async with self._changing:
            if not await swap():
                return False
            # Nothing was awaited since `swap`: whoever sees the new vectors in SQL finds this index.
            self.index = following
            self._changed()
            await replaced.close()
            try:
                is_level = await level_index(following, self._stores.checked)
                if not await following.move_to(self._directory) or not is_level:
                    await self._reset()
                await self._stores.reembedding.settle()
            except (StorageFull, IndexUnavailable, OSError) as error:
                self._retry_at = time.monotonic() + _RETRY_SECONDS
                _LOG.warning("the new vector index is used, and completed when the desk next starts: %s", error)
                return True
        await self.apply_changes()
        return True

    async def _reset(self) -> None:
        # In this order a failure in between leaves changes to apply.
        await self._stores.vector_changes.record_all_chunks()
        await self.index.reset()


async def level_index(index: VectorIndex, stored: StoredVectors) -> bool:
    """Bring an index level with stored vectors, of which one never changes; return False if it must be reset."""
    expected = await stored.chunk_ids()
    for place in sorted(expected.keys() | (await index.counts()).keys()):
        ids, held = expected.get(place, set()), await index.ids(place)
        missing, removed = sorted(ids - held), sorted(held - ids)
        for start in range(0, len(missing), _FILLED_AT_ONCE):
            vectors = await stored.embeddings(missing[start : start + _FILLED_AT_ONCE])
            added = [(place, chunk_id, vector) for chunk_id, vector in vectors.items()]
            if not await index.apply(VectorChanges(added=added)):
                return False
        if removed and not await index.apply(VectorChanges(removed=[(place, chunk_id) for chunk_id in removed])):
            return False
    return True
