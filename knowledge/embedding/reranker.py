"""An optional second look at what a search found: a cross-encoder reads the question together with each passage.

It knows better than two separate vectors whether a passage answers, and takes tens of milliseconds for each. Off unless
RERANKER names one.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from knowledge.errors import RerankerUnusable

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


@asynccontextmanager
async def reranker(model: str) -> AsyncIterator["Reranker | None"]:
    """The cross-encoder of that name, ready, until it is not needed any more; none without a name."""
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
    """One cross-encoder, with a thread of its own."""

    def __init__(self, model: str) -> None:
        self._name = model
        self._model: CrossEncoder | None = None
        self._thread = ThreadPoolExecutor(1, "rerank")

    async def warm_up(self) -> None:
        """Load the model now, or say that it cannot be used."""
        await self.scores("warm up", ["warm up"])

    async def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers; higher is better."""
        pairs = [(question, text) for text in texts]
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._predict, pairs)

    def close(self) -> None:
        """Let the thread end."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _predict(self, pairs: list[tuple[str, str]]) -> list[float]:
        return [float(score) for score in self._loaded().predict(pairs, show_progress_bar=False)]

    def _loaded(self) -> "CrossEncoder":
        if self._model is None:
            # Imported late, as the embedder does: torch takes seconds.
            from sentence_transformers import CrossEncoder

            try:
                model = CrossEncoder(self._name, device="cpu", local_files_only=True)
            except (OSError, ValueError) as error:
                raise RerankerUnusable(f"RERANKER={self._name} cannot be loaded: {error}") from error
            if model.num_labels != 1:
                raise RerankerUnusable(
                    f"RERANKER={self._name} gives {model.num_labels} scores for a pair; one is needed"
                )
            self._model = model
        return self._model
