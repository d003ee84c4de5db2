"""Versions of a document that are processed at once: the latest one that can be read is stored."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from knowledge.errors import DocumentSuperseded
from knowledge.storage.documents import DocumentKey

T = TypeVar("T")


@dataclass(eq=False)
class DocumentVersion:
    """A version of a document under way, beside the others of that document in the order in which they came."""

    beside: list["DocumentVersion"]
    task: asyncio.Task[Any] | None = None
    is_superseded: bool = False

    def supersede_earlier(self) -> None:
        """Give up the versions that came before this one, which is known to be readable now."""
        for earlier in self.beside[: self.beside.index(self)]:
            earlier.is_superseded = True
            if earlier.task:
                earlier.task.cancel()


class LatestVersion:
    """The processing of documents: a version is given up once a later one has been read.

    Otherwise the version that takes longer would win, and versions that nobody waits for any more would pile up.
    """

    def __init__(self) -> None:
        self._under_way: dict[DocumentKey, list[DocumentVersion]] = {}

    async def process(self, key: DocumentKey, work: Callable[[DocumentVersion], Coroutine[Any, Any, T]]) -> T:
        """Do the work for a version of a document; raise `DocumentSuperseded` if a later one was read meanwhile."""
        versions = self._under_way.setdefault(key, [])
        version = DocumentVersion(versions)
        versions.append(version)
        task = asyncio.create_task(work(version), name="process-document")
        version.task = task
        try:
            return await task
        except asyncio.CancelledError:
            if version.is_superseded and not _is_being_cancelled():
                raise DocumentSuperseded("a newer version of this document came while this one was processed") from None
            raise
        finally:
            versions.remove(version)
            if not versions:
                self._under_way.pop(key, None)


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
