"""The optional reranking of search results: a cross-encoder reads the question together with each passage.

It judges better than two separate vectors whether a passage answers, and takes tens of milliseconds for each. It is off
unless RERANKER names a model.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.embedding.model_files import find_model, how_to_get
from knowledge.errors import RerankerUnusable

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


def is_reranker(path: str) -> bool:
    """Tell whether a directory holds a cross-encoder rather than an embedding model."""
    try:
        configuration = json.loads((Path(path) / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return any(name.endswith("ForSequenceClassification") for name in configuration.get("architectures") or ())


def describe_reranker(path: str) -> str:
    """Load a cross-encoder, or raise `RerankerUnusable`, and describe it."""
    return f"a cross-encoder that reads {_load(path).max_length or 'any number of'} tokens"


@asynccontextmanager
async def open_reranker(model: str) -> AsyncIterator["Reranker | None"]:
    """Load the cross-encoder of that name and close it at the end; yield None without a name."""
    if not model:
        yield None
        return
    opened = Reranker(model)
    try:
        await opened.warm_up()
        yield opened
    finally:
        opened.close()


class Reranker:
    """A cross-encoder with its own thread."""

    def __init__(self, model: str) -> None:
        self._name = model
        self._model: CrossEncoder | None = None
        self._thread = ThreadPoolExecutor(1, "rerank")

    async def warm_up(self) -> None:
        """Load the model now, or raise `RerankerUnusable`."""
        await self.score_texts("warm up", ["warm up"])

    async def score_texts(self, question: str, texts: Sequence[str]) -> list[float]:
        """Score how well each text answers the question; higher is better."""
        pairs = [(question, text) for text in texts]
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._predict_scores, pairs)

    def close(self) -> None:
        """Stop the thread."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _predict_scores(self, pairs: list[tuple[str, str]]) -> list[float]:
        return [float(score) for score in self._loaded_model().predict(pairs, show_progress_bar=False)]

    def _loaded_model(self) -> "CrossEncoder":
        if self._model is None:
            self._model = _load(self._name)
        return self._model


def _load(name: str) -> "CrossEncoder":
    # Imported late, as in the encoder: torch takes seconds.
    from sentence_transformers import CrossEncoder

    path = find_model(name)
    if path is None:
        raise RerankerUnusable(f"RERANKER={name} cannot be loaded: {how_to_get(name)}")
    try:
        model = CrossEncoder(path, device="cpu", local_files_only=True)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise RerankerUnusable(f"RERANKER={name} cannot be loaded: {error}") from error
    if model.num_labels != 1:
        raise RerankerUnusable(f"RERANKER={name} gives {model.num_labels} scores for a pair; one is needed")
    return model
