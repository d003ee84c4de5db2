"""Two versions of a document that are processed at once: the later one counts, and the earlier one is given up."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from knowledge.errors import DocumentSuperseded
from knowledge.storage.documents import DocumentKey

T = TypeVar("T")


class LatestVersion:
    """The processing of documents, of which each has at most one version under way.

    Otherwise the version that takes longer would win, and versions that nobody waits for any more would pile up.
    """

    def __init__(self) -> None:
        self._under_way: dict[DocumentKey, asyncio.Task[Any]] = {}

    async def process(self, key: DocumentKey, work: Coroutine[Any, Any, T]) -> T:
        """Do the work for a version of a document; raise `DocumentSuperseded` if another one comes meanwhile."""
        if earlier := self._under_way.get(key):
            earlier.cancel()
        task = asyncio.create_task(work, name="process-document")
        self._under_way[key] = task
        try:
            return await task
        except asyncio.CancelledError:
            if self._under_way.get(key) is task or _is_being_cancelled():
                raise
            raise DocumentSuperseded(
                "a newer version of this document was sent meanwhile, and is kept instead"
            ) from None
        finally:
            if self._under_way.get(key) is task:
                del self._under_way[key]


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
