"""The permanent erasure of the words of removed documents from the lexical indexes.

It proceeds in small steps between which other writes proceed; a restart continues with the rest.
"""

import asyncio
import logging

from knowledge.errors import DeskError
from knowledge.storage.database import DatabaseError
from knowledge.storage.maintenance import ErasureStore

_LOG = logging.getLogger(__name__)


class WordEraser:
    """A background task that erases removed words from `start` until all are gone, or until `close`."""

    def __init__(self, store: ErasureStore) -> None:
        self._store = store
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def start(self) -> None:
        """Start the task unless it runs: one pass covers everything removed before it."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._erase(), name="erase-words")

    async def close(self) -> None:
        """Stop after the current step."""
        self._closing = True
        if self._task and not self._task.done():
            await asyncio.wait([self._task])

    async def _erase(self) -> None:
        try:
            while (removals := await self._store.removals_to_erase()) is not None:
                for owned in (False, True):
                    begins = True
                    while await self._store.merge_words(owned=owned, begins=begins):
                        begins = False
                        if self._closing:
                            return
                await self._store.settle_removals(removals)
        except (DeskError, DatabaseError) as error:
            _LOG.warning("words of removed documents are not erased yet, but with the next removal: %s", error)
