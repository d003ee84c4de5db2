"""A vector index in Chroma: in this process, one collection per folder and owner, all on one thread.

A separate collection per owner costs other users nothing; a filter would slow down every question.
"""

import asyncio
import logging
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import chromadb
import numpy as np
import numpy.typing as npt
from chromadb.api.client import Client
from chromadb.errors import NotFoundError

from knowledge.errors import IndexUnavailable, StorageFull
from knowledge.index import chroma_probe
from knowledge.index.chroma_collections import collection_name, open_client, place_of
from knowledge.index.chroma_compaction import CONFIGURATION, ChromaWaste, CollectionCopy, delete_copies, delete_orphans
from knowledge.index.chroma_errors import as_desk_error, is_chroma_error, is_full_disk
from knowledge.storage import chroma_files
from knowledge.storage.directory_lock import check_writable
from knowledge.storage.documents import DocumentPlace
from knowledge.storage.vector_changes import VectorChanges

T = TypeVar("T")
_LOG = logging.getLogger(__name__)

_BATCH = 2000
# How long a compaction that failed is not tried again.
_RETRY_SECONDS = 600.0


class ChromaIndex:
    """A `VectorIndex` that owns Chroma's directory; the lock of the data directory keeps other processes out."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._thread = ThreadPoolExecutor(1, "chroma")
        self._client: Client | None = None
        self._collections: dict[DocumentPlace, chromadb.Collection] = {}
        self._waste = ChromaWaste()
        self._reclaim_after = 0.0
        self._has_failed = False

    async def open(self) -> bool:
        return await self._run(self._open)

    async def open_as_it_is(self) -> bool:
        return await self._run(lambda: chroma_probe.is_sound(self._directory) and self._try_open(repairs=False))

    async def ids(self, place: DocumentPlace) -> set[int]:
        return await self._run(lambda: self._ids(place))

    async def vectors(self, place: DocumentPlace, ids: Sequence[int]) -> dict[int, npt.NDArray[np.float32]]:
        return await self._run(lambda: self._vectors(place, ids))

    async def counts(self) -> dict[DocumentPlace, int]:
        return await self._run(self._counts)

    async def apply(self, changes: VectorChanges) -> bool:
        return await self._run(lambda: self._apply(changes)) and await self._reclaim()

    async def compact(self) -> bool:
        return await self._reclaim(at_once=True)

    async def nearest(
        self, groups: Sequence[Sequence[DocumentPlace]], vector: npt.NDArray[np.float32], limit: int
    ) -> list[list[tuple[int, float]]]:
        return await self._run(lambda: [self._nearest(places, vector, limit) for places in groups])

    async def close(self) -> None:
        """Close Chroma, note the state of its files and stop the thread."""
        await self._run(self._leave)
        self._thread.shutdown(wait=True)

    async def reset(self) -> None:
        await self._run(self._reset)

    async def move_to(self, directory: Path) -> bool:
        return await self._run(lambda: self._move_to(directory))

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except BaseException as error:
            if not is_chroma_error(error):
                raise
            raise as_desk_error(error) from error

    async def _reclaim(self, *, at_once: bool = False) -> bool:
        """Free what removed vectors and deleted collections hold; return False if that has broken the index.

        It is done in steps between which searches are answered. If a copy cannot be made, that is tried again later.
        """
        is_reopened = self._waste.is_worth_reopening(at_once=at_once)
        if not (is_reopened or self._waste.has_many_removed) or time.monotonic() < self._reclaim_after:
            return True
        # As long as a step fails, Chroma would wait for its own broken transaction.
        self._has_failed = True
        try:
            names = await self._run(lambda: self._waste.names_to_copy(self._opened(), self._directory))
            copies = [await self._copy(name) for name in names]
            await self._run(lambda: chroma_probe.check_room(self._directory))
        except (StorageFull, IndexUnavailable) as error:
            _LOG.warning("the vector index cannot be compacted: %s", error.message)
            self._reclaim_after = time.monotonic() + _RETRY_SECONDS
            return True
        is_open = await self._run(lambda: self._replace(copies)) if copies or is_reopened else True
        self._has_failed = not is_open
        return is_open

    async def _copy(self, name: str) -> CollectionCopy:
        copy = await self._run(lambda: CollectionCopy(self._opened(), name))
        while await self._run(copy.copy_some):
            pass
        return copy

    def _replace(self, copies: Sequence[CollectionCopy]) -> bool:
        """Put copies in the places of their originals, in one step: no search may find a collection missing."""
        try:
            for copy in copies:
                copy.replace_original()
            return self._reopen()
        except BaseException as error:
            if not is_chroma_error(error):
                raise
            _LOG.warning("the vector index broke when it was compacted: %s", error)
            return False

    def _reopen(self) -> bool:
        self._close()
        delete_orphans(self._directory)
        return self._try_open()

    def _open(self) -> bool:
        # Otherwise the index would be reset, and Chroma would fail with a message that names no file.
        check_writable(self._directory)
        self._has_failed = False
        existed = chroma_probe.exists(self._directory)
        if chroma_probe.is_sound(self._directory) and self._reopen():
            return existed
        self._reset()
        return False

    def _try_open(self, *, repairs: bool = True) -> bool:
        self._close()
        try:
            self._client = open_client(self._directory)
            if repairs:
                delete_copies(self._client)
            for collection in self._client.list_collections():
                collection.count()
            self._waste = ChromaWaste.of_opened(self._directory, self._client)
        except BaseException as error:
            # A process killed while writing can leave an index that Chroma's native code panics on.
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            if self._client is None:
                # Chroma caches the system it failed to start, and would return it again.
                Client.clear_system_cache()
            self._close()
            # A full disk does not mean that the index is broken.
            if is_full_disk(str(error)):
                raise
            return False
        return True

    def _reset(self) -> None:
        self._has_failed = False
        self._close()
        shutil.rmtree(self._directory, ignore_errors=True)
        self._client = open_client(self._directory)
        self._waste = ChromaWaste.of_opened(self._directory, self._client)

    def _move_to(self, directory: Path) -> bool:
        # Chroma opens files by their paths at any time. Searches wait for this on the thread.
        self._close()
        try:
            chroma_files.move_index(self._directory, directory)
            self._directory = directory
        finally:
            is_open = self._try_open()
        return is_open

    def _leave(self) -> None:
        was_open = self._client is not None
        self._close()
        if was_open and not self._has_failed:
            # Without the note, which a full disk prevents, the next start probes the index instead.
            with suppress(OSError):
                chroma_probe.note_as_left(self._directory)

    def _close(self) -> None:
        self._collections.clear()
        if self._client is not None:
            self._client.close()
            self._client = None

    def _opened(self) -> Client:
        if self._client is None:
            raise IndexUnavailable("the vector index is not open")
        return self._client

    def _apply(self, changes: VectorChanges) -> bool:
        if self._has_failed:
            # Chroma would wait for its own broken transaction. Opening it again takes disk space too: until there is
            # some, the open index can still be searched.
            chroma_probe.check_room(self._directory)
            if not self._reopen():
                return False
        self._has_failed = True
        self._write(changes)
        self._has_failed = False
        return True

    def _write(self, changes: VectorChanges) -> None:
        removed: dict[DocumentPlace, list[str]] = defaultdict(list)
        added: dict[DocumentPlace, list[tuple[str, npt.NDArray[np.float32]]]] = defaultdict(list)
        for place, chunk_id in changes.removed:
            removed[place].append(str(chunk_id))
        for place, chunk_id, vector in changes.added:
            added[place].append((str(chunk_id), np.frombuffer(vector, dtype=np.float32)))
        for place, items in added.items():
            self._add(place, items)
        for place, ids in removed.items():
            self._remove(place, ids)

    def _add(self, place: DocumentPlace, items: Sequence[tuple[str, npt.NDArray[np.float32]]]) -> None:
        collection = self._opened().get_or_create_collection(
            collection_name(place), embedding_function=None, configuration=CONFIGURATION
        )
        for start in range(0, len(items), _BATCH):
            batch = items[start : start + _BATCH]
            vectors: Any = np.stack([vector for _, vector in batch])
            collection.upsert(ids=[chunk_id for chunk_id, _ in batch], embeddings=vectors)

    def _remove(self, place: DocumentPlace, ids: Sequence[str]) -> None:
        collection = self._known(place)
        if collection is None:
            return
        for start in range(0, len(ids), _BATCH):
            collection.delete(ids=list(ids[start : start + _BATCH]))
        self._waste.note_removed(collection_name(place), len(ids))
        # Folders are few and permanent; users are many and come and go.
        if place.owner and not collection.count():
            self._opened().delete_collection(collection_name(place))
            del self._collections[place]
            self._waste.note_deleted(collection_name(place))

    def _counts(self) -> dict[DocumentPlace, int]:
        counts = {place_of(found.name): found.count() for found in self._opened().list_collections()}
        return {place: count for place, count in counts.items() if count}

    def _ids(self, place: DocumentPlace) -> set[int]:
        collection = self._known(place)
        return {int(chunk_id) for chunk_id in collection.get(include=[])["ids"]} if collection else set()

    def _vectors(self, place: DocumentPlace, ids: Sequence[int]) -> dict[int, npt.NDArray[np.float32]]:
        collection = self._known(place)
        if collection is None or not ids:
            return {}
        found = collection.get(ids=[str(chunk_id) for chunk_id in ids], include=["embeddings"])
        vectors = np.asarray(found["embeddings"], dtype=np.float32)
        return {int(chunk_id): vector for chunk_id, vector in zip(found["ids"], vectors, strict=True)}

    def _known(self, place: DocumentPlace) -> chromadb.Collection | None:
        """Return the collection of a place, if it has one, from a cache: Chroma would look in its files each time."""
        if place not in self._collections:
            try:
                self._collections[place] = self._opened().get_collection(
                    collection_name(place), embedding_function=None
                )
            except NotFoundError:
                return None
        return self._collections[place]

    def _nearest(
        self, places: Sequence[DocumentPlace], vector: npt.NDArray[np.float32], limit: int
    ) -> list[tuple[int, float]]:
        found = [pair for place in places for pair in self._nearest_in(place, vector, limit)]
        return sorted(found, key=lambda pair: -pair[1])[:limit]

    def _nearest_in(self, place: DocumentPlace, vector: npt.NDArray[np.float32], limit: int) -> list[tuple[int, float]]:
        collection = self._known(place)
        if collection is None:
            return []
        queries: Any = [vector]
        found = collection.query(query_embeddings=queries, n_results=limit, include=["distances"])
        distances = (found["distances"] or [[]])[0]
        return [(int(chunk_id), 1.0 - distance) for chunk_id, distance in zip(found["ids"][0], distances, strict=True)]
