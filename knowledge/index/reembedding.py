"""The change of the embedding model: chunks are embedded again beside the vectors that serve, then both are swapped.

The new vectors are collected in SQL, so a process that is killed goes on where it was. When all are there, a second
vector index is filled from them, and one transaction makes the new model the one that serves. Questions are answered
all the time: docs/decisions/0014-changing-the-embedding-model.md.
"""

import asyncio
import logging
import shutil
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.embedding.embedder import Embedder
from knowledge.embedding.encoder import Encoder, release_model
from knowledge.errors import DeskError, IndexUnavailable, StorageFull
from knowledge.index.chroma import ChromaIndex
from knowledge.index.synced_index import SyncedIndex, level_index
from knowledge.ingestion.chunk_vectors import embed_chunks
from knowledge.storage.chroma_files import delete_index, move_index
from knowledge.storage.database import DatabaseError
from knowledge.storage.maintenance import ReembeddingStore

_LOG = logging.getLogger(__name__)

_NEXT_DIRECTORY = "chroma.next"
# Chunks of one step, which a killed process has to embed again.
_AT_ONCE = 128
# How long it waits after an error that may pass, such as a full disk.
_RETRY_SECONDS = 60.0
# No user has this name, so it takes turns with all of them.
_OWNER = "\0model"
# The room on the disk for a chunk, as measured: a vector is stored in SQL and in the index, which logs it first, and
# the swap writes the chunks and the emptied table to the log of the database.
_COPIES, _CHUNK_BYTES = 7, 4_000


@dataclass(frozen=True)
class ReembeddingProgress:
    """How far a change of the embedding model has come, and the error that holds it up, if any."""

    model: str
    next_model: str
    embedded: int
    chunks: int
    problem: str | None = None


class Reembedding:
    """The change of a library's embedding model to another one, in the background or awaited."""

    def __init__(
        self, store: ReembeddingStore, embedder: Embedder, synced: SyncedIndex, data_dir: Path, model: str
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._synced = synced
        self._directory = data_dir / _NEXT_DIRECTORY
        self._earlier = embedder.model
        self._encoder = Encoder(model)
        self._embedded, self._chunks = 0, 0
        self._problem: str | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def progress(self) -> ReembeddingProgress | None:
        """How far the change has come, or None when it is done."""
        if self._embedder.model == self._encoder.model:
            return None
        return ReembeddingProgress(self._earlier, self._encoder.model, self._embedded, self._chunks, self._problem)

    def start(self) -> None:
        """Start in the background; errors that may pass are retried, others are logged."""
        self._task = asyncio.create_task(self._run_in_background(), name="reembed")

    async def close(self) -> None:
        """Stop after the current step; the next start goes on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def run(self, show: Callable[[int, int], None] = lambda embedded, chunks: None) -> None:
        """Embed what is missing, then swap. `show` is told how many chunks of how many are embedded."""
        if self.progress is None:
            return
        await self._begin()
        index = ChromaIndex(self._directory)
        is_replaced = False
        try:
            await index.open()
            await self._embed_missing(show)
            if not await level_index(index, self._store):
                await index.reset()
            while not is_replaced:
                # Documents that came while the index was filled; it is compared with SQL once more after the swap.
                await self._embed_missing(show)
                is_replaced = await _uninterrupted(self._synced.replace(index, self._swap))
        finally:
            if self._synced.index is not index:
                await index.close()
        release_model(self._earlier)
        _LOG.info(
            "questions are now answered with EMBEDDING_MODEL=%s; calibrate the answer threshold again",
            self._encoder.model,
        )

    async def _run_in_background(self) -> None:
        while True:
            try:
                return await self.run()
            except (StorageFull, IndexUnavailable) as error:
                self._note_problem(error.message)
            except DeskError as error:
                return self._note_problem(error.message)
            except DatabaseError as error:
                return self._note_problem(str(error))
            except Exception:  # noqa: BLE001 - the end of a background task: the log and operators are told
                self._note_problem("the log of the desk has the error")
                _LOG.exception("documents cannot be embedded with EMBEDDING_MODEL=%s", self._encoder.model)
                return None
            await asyncio.sleep(_RETRY_SECONDS)

    def _note_problem(self, problem: str) -> None:
        self._problem = problem
        _LOG.error(
            "documents are not embedded with EMBEDDING_MODEL=%s yet, %s goes on answering: %s",
            *(self._encoder.model, self._earlier, problem),
        )

    async def _begin(self) -> None:
        """Load the model, check the room on the disk, and drop what was embedded with a third model."""
        # Not on the thread of questions, which would wait for it.
        (example,) = await asyncio.to_thread(self._encoder.encode_documents, ["dimensions"])
        if await self._store.next_model() != self._encoder.model:
            await asyncio.to_thread(delete_index, self._directory)
        await self._store.begin(self._encoder.model)
        self._embedded, self._chunks = await self._store.amounts()
        needed = (self._chunks - self._embedded) * (_COPIES * example.nbytes + _CHUNK_BYTES)
        if shutil.disk_usage(self._directory.parent).free < needed:
            raise StorageFull(f"the disk that holds DATA_DIR needs {needed / 1e6:,.0f} MB for vectors of the new model")
        self._problem = None
        _LOG.info(
            "documents are being embedded with EMBEDDING_MODEL=%s, %d of %d passages are done; %s answers until then",
            *(self._encoder.model, self._embedded, self._chunks, self._earlier),
        )

    async def _embed_missing(self, show: Callable[[int, int], None]) -> None:
        after, logged = 0, _tenths(self._embedded, self._chunks)
        while found := await self._store.unembedded_chunks(after, _AT_ONCE):
            chunks = [(one.title, one.chunk) for one in found]
            vectors = await embed_chunks(chunks, self._embedder, _OWNER, self._encoder)
            self._embedded += await self._store.add_vectors([one.id for one in found], vectors)
            after = found[-1].id
            if len(found) < _AT_ONCE:
                # Counting reads the whole table, and documents came and went meanwhile.
                self._embedded, self._chunks = await self._store.amounts()
            show(self._embedded, self._chunks)
            if (tenths := _tenths(self._embedded, self._chunks)) > logged:
                logged = tenths
                _LOG.info(
                    "%d %% of the documents are embedded with EMBEDDING_MODEL=%s", 10 * tenths, self._encoder.model
                )

    async def _swap(self) -> bool:
        if not await self._store.swap(self._encoder.model):
            return False
        self._embedder.switch(self._encoder)
        return True


async def prepare_directory(store: ReembeddingStore, data_dir: Path, index_directory: Path, model: str) -> None:
    """Before the index is opened, complete the swap of a killed process, or drop vectors that are no longer wanted."""
    following = data_dir / _NEXT_DIRECTORY
    if await store.is_unsettled():
        # Without the new index, nothing tells whether the other one is already it.
        complete = move_index if following.is_dir() else _delete_both
        await asyncio.to_thread(complete, following, index_directory)
    elif await store.next_model() not in (None, model):
        await asyncio.to_thread(delete_index, following)
        await store.abandon()


def _delete_both(following: Path, index_directory: Path) -> None:
    delete_index(following)
    delete_index(index_directory)


def _tenths(part: int, whole: int) -> int:
    return 10 * part // whole if whole else 10


async def _uninterrupted(work: Coroutine[Any, Any, bool]) -> bool:
    """Complete the work even if the caller is cancelled: between two of its steps the index is in neither state."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task])
        raise
