"""The deletion of a person's data, at their own request or an operator's, resumable after a crash.

The removal is marked first, in the store. Until the mark is gone, nothing of that person's begins: a question is
refused, and a document still being ingested is not stored. The next start of the server completes a removal that was
interrupted by a crash or a full disk.
"""

import asyncio
import logging
from collections import Counter
from contextlib import suppress
from weakref import WeakValueDictionary

from backend.auth.audit import Actor
from backend.auth.errors import KeyInSettings
from backend.auth.key_registry import KeyRegistry
from backend.privacy.deletion import ConversationDeletion
from backend.runs.engine import RunEngine
from backend.storage.deletion import DeletionStore, RemovalMark, RemovalPart
from knowledge.library import Library

_LOG = logging.getLogger(__name__)


class UserRemoval:
    """The removals of users' data, one at a time for each user."""

    def __init__(
        self, store: DeletionStore, library: Library, runs: RunEngine, deletion: ConversationDeletion, keys: KeyRegistry
    ) -> None:
        self._store = store
        self._library = library
        self._runs = runs
        self._deletion = deletion
        self._keys = keys
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        # The parts of each user that a mark keeps closed, even if the removal has failed.
        self._marked: set[tuple[str, RemovalPart]] = set()

    async def remove(self, user_id: str, part: RemovalPart, actor: Actor) -> Counter[str]:
        """Delete a user's data or a part of it, and return the counts by kind, which may be empty."""
        lock = self._locks.setdefault(user_id, asyncio.Lock())
        async with lock:
            mark = RemovalMark(user_id, part, actor)
            await self._store.mark_removal(mark)
            return await self._complete(mark)

    async def resume(self) -> None:
        """Complete the removals of an earlier process; call this before interrupted runs are resumed."""
        for mark in await self._store.removal_marks():
            deleted = await self._complete(mark)
            _LOG.info("the removal of %s of %s is complete: %s", mark.part, mark.user_id, dict(deleted))

    async def _complete(self, mark: RemovalMark) -> Counter[str]:
        user_id, part = mark.user_id, mark.part
        if (user_id, part) not in self._marked:
            self._marked.add((user_id, part))
            self._runs.lanes.close_user(user_id)
        deleted: Counter[str] = Counter()
        if part == "everything":
            deleted["keys"] = await self._revoke_keys(user_id, mark.actor)
        # This includes indexing runs.
        await self._runs.cancel_user(user_id, "what the desk holds of the user was deleted")
        if part != "conversations":
            deleted["documents"] = await self._library.forget_owner(user_id)
        if part != "documents":
            for thread_id in await self._store.threads_of(user_id):
                deleted += await self._deletion.conversation(thread_id)
        if part == "everything":
            self._keys.forget(user_id)
        deleted += await self._store.finish_removal(mark, deleted)
        self._marked.discard((user_id, part))
        self._runs.lanes.open_user(user_id)
        return deleted

    async def _revoke_keys(self, user_id: str, actor: Actor) -> int:
        """Revoke the user's stored keys, and return how many were not revoked before."""
        stored = await self._keys.stored_keys()
        mine = [key for key in stored if key.user_id == user_id and key.revoked_at is None]
        for key in mine:
            with suppress(KeyInSettings):  # the key is also in API_KEYS, and remains there
                await self._keys.revoke(key.id, actor)
        return len(mine)
