"""The embedding of texts in the background, so that the event loop stays free.

Everything is embedded by the model that serves, until `switch` puts another in its place: one call's vectors are always
of one model. Work that combines the vectors of several calls compares `model` before and after.

Questions come one at a time and a user waits for each; documents come by the thousand. So each kind has its own
threads, document threads run at a lower priority, and passages of several documents are embedded in one batch. Batches
are small and owners take turns: a user who ingests a whole library delays nobody else by more than one batch.
"""

import asyncio
import os
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from knowledge.embedding.encoder import Encoder, Vectors
from knowledge.embedding.model_files import BUNDLED

__all__ = ["BUNDLED", "Embedder", "Vector", "Vectors"]

Vector = npt.NDArray[np.float32]

_CACHED_TEXTS = 20_000
# Passages in one batch: the next caller waits for them, and so does a server that shuts down. Four times as many would
# be less than a tenth faster.
_AT_ONCE = 32
_DOCUMENT_THREADS = 2
# How long after a question no two batches run at once.
_AFTER_QUESTION_SECONDS = 5.0
_STANDING_BACK = 10


class _PendingTexts(NamedTuple):
    text: str
    vector: "asyncio.Future[Vector]"


class _Turn(NamedTuple):
    """Who waits, and for which model: one batch is embedded by one model."""

    owner: str
    encoder: Encoder


class Embedder:
    """An asynchronous front of one embedding model, loaded at first use; questions do not wait for documents."""

    def __init__(self, model: str = BUNDLED) -> None:
        self._encoder = Encoder(model)
        self._question_thread = ThreadPoolExecutor(1, "embed-questions")
        self._document_threads = ThreadPoolExecutor(_DOCUMENT_THREADS, "embed-documents", initializer=_lower_priority)
        self._cache: OrderedDict[str, Vector] = OrderedDict()
        # The queued documents of each owner and model. Owners take turns, and so do the documents of one owner: a note
        # does not wait for a book, and one user's note does not wait for another user's hundred notes.
        self._waiting: OrderedDict[_Turn, deque[deque[_PendingTexts]]] = OrderedDict()
        self._working: set[asyncio.Task[None] | None] = set()
        self._asked_at = -_AFTER_QUESTION_SECONDS

    @property
    def model(self) -> str:
        """The model of the vectors that a call returns which begins now."""
        return self._encoder.model

    def switch(self, encoder: Encoder) -> None:
        """Embed by another model from the next call on; calls under way are completed by the one they began with."""
        self._encoder, self._cache = encoder, OrderedDict()

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Return the unit vectors of short texts (questions, sentences), from the cache where they are recent."""
        if not texts:
            return np.empty((0, 0), dtype=np.float32)
        encoder, cache = self._encoder, self._cache
        known = {text: cache[text] for text in texts if text in cache}
        missing = list(dict.fromkeys(text for text in texts if text not in known))
        if missing:
            self._asked_at = time.monotonic()
            vectors = await _run_on_thread(self._question_thread, encoder.encode_questions, missing)
            known.update(zip(missing, vectors, strict=True))
        for text in texts:
            cache[text] = known[text]
            cache.move_to_end(text)
        while len(cache) > _CACHED_TEXTS:
            cache.popitem(last=False)
        return np.stack([known[text] for text in texts])

    async def unknown_words(self, words: Sequence[str]) -> list[str]:
        """Return the words that the model's own vocabulary lacks: names, rare words and misspelt ones."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._question_thread, self._encoder.unknown_words, list(words))

    async def embed_documents(
        self, texts: Sequence[str], owner: str = "", *, encoder: Encoder | None = None
    ) -> Vectors:
        """Return the unit vectors of a document's passages, batched with those of other documents, owner by owner.

        `encoder` is another model than the one that serves."""
        if not texts:
            return np.empty((0, 0), dtype=np.float32)
        loop = asyncio.get_running_loop()
        waiting = [_PendingTexts(text, loop.create_future()) for text in texts]
        self._waiting.setdefault(_Turn(owner, encoder or self._encoder), deque()).append(deque(waiting))
        self._start_workers()
        return np.stack(await asyncio.gather(*(one.vector for one in waiting)))

    async def warm_up(self) -> None:
        """Load the model now instead of at the first question."""
        await self.embed(["warm up"])

    def close(self) -> None:
        """Cancel waiting passages, and stop the threads after the batches under way."""
        for one in chain.from_iterable(self._waiting_documents()):
            one.vector.cancel()
        self._waiting.clear()
        self._question_thread.shutdown(wait=True, cancel_futures=True)
        self._document_threads.shutdown(wait=True, cancel_futures=True)

    def _start_workers(self) -> None:
        while len(self._working) < min(self._most_workers(), sum(map(len, self._waiting_documents()))):
            self._working.add(asyncio.create_task(self._embed_waiting(), name="embed-documents"))

    def _most_workers(self) -> int:
        """Return how many batches may run at once: one while questions come, to leave them a processor."""
        return 1 if time.monotonic() - self._asked_at < _AFTER_QUESTION_SECONDS else _DOCUMENT_THREADS

    async def _embed_waiting(self) -> None:
        """Embed batches until no passage waits, or until there are more workers than there may be."""
        try:
            while len(self._working) <= self._most_workers() and self._waiting:
                encoder = next(iter(self._waiting)).encoder
                await self._embed_batch(self._next_batch(encoder), encoder)
                self._start_workers()
        finally:
            # In the turn of the event loop in which the queue was empty: later callers must not count on this task.
            self._working.discard(asyncio.current_task())

    async def _embed_batch(self, batch: list[_PendingTexts], encoder: Encoder) -> None:
        if not batch:
            return
        try:
            # On a low-priority thread a busy machine takes minutes to load a model, and questions wait for it too.
            await asyncio.get_running_loop().run_in_executor(self._question_thread, encoder.load)
            vectors = await _run_on_thread(
                self._document_threads, encoder.encode_documents, [one.text for one in batch]
            )
        except asyncio.CancelledError:
            for one in batch:
                one.vector.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - handed to the callers that wait for these vectors
            for one in batch:
                if not one.vector.done():
                    one.vector.set_exception(error)
        else:
            for one, vector in zip(batch, vectors, strict=True):
                if not one.vector.done():
                    one.vector.set_result(vector)

    def _waiting_documents(self) -> Iterator[deque[_PendingTexts]]:
        return chain.from_iterable(self._waiting.values())

    def _next_batch(self, encoder: Encoder) -> list[_PendingTexts]:
        """Take one passage of each owner in turn until the batch is full, skipping those of cancelled callers."""
        batch: list[_PendingTexts] = []
        while len(batch) < _AT_ONCE and (turn := self._next_turn(encoder)):
            documents = self._waiting.pop(turn)
            document = documents.popleft()
            one = document.popleft()
            if document:
                documents.append(document)
            if documents:
                self._waiting[turn] = documents
            if not one.vector.done():
                batch.append(one)
        return batch

    def _next_turn(self, encoder: Encoder) -> _Turn | None:
        return next((turn for turn in self._waiting if turn.encoder is encoder), None)


async def _run_on_thread(
    thread: ThreadPoolExecutor, encode: Callable[[list[str]], Vectors], texts: list[str]
) -> Vectors:
    return await asyncio.get_running_loop().run_in_executor(thread, encode, texts)


def _lower_priority() -> None:
    """Lower the priority of this thread below the rest of the process; only Linux can do that for a single thread."""
    import torch

    # The document threads already share the processors.
    torch.set_num_threads(1)
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _STANDING_BACK)
