"""The deletion of a person's data, at their own request or an operator's, resumable after a crash.

The removal is marked first, in `desk.db`. Until the mark is gone, nothing of that person's begins: a question is
refused, and a document still being ingested is not stored. The next start of the server completes a removal that was
interrupted by a crash or a full disk.
"""

import asyncio
import logging
import sqlite3
import time
from collections import Counter
from contextlib import suppress
from typing import Literal, NamedTuple
from weakref import WeakValueDictionary

from backend.auth.audit import Actor
from backend.auth.errors import KeyInSettings
from backend.auth.key_registry import KeyRegistry
from backend.privacy.deletion import ConversationDeletion
from backend.runs.engine import RunEngine
from backend.storage import spending
from backend.storage.sql.audit import record_entry
from backend.storage.sql.keys import delete_revoked
from knowledge.library import Library
from knowledge.storage.database import Database

_LOG = logging.getLogger(__name__)

Part = Literal["everything", "conversations", "documents"]


class _Mark(NamedTuple):
    user_id: str
    part: Part
    actor: Actor


class UserRemoval:
    """The removals of users' data, one at a time for each user."""

    def __init__(
        self, database: Database, library: Library, runs: RunEngine, deletion: ConversationDeletion, keys: KeyRegistry
    ) -> None:
        self._database = database
        self._library = library
        self._runs = runs
        self._deletion = deletion
        self._keys = keys
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        # The parts of each user that a mark keeps closed, even if the removal has failed.
        self._marked: set[tuple[str, Part]] = set()

    async def remove(self, user_id: str, part: Part, actor: Actor) -> Counter[str]:
        """Delete a user's data or a part of it, and return the counts by kind, which may be empty."""
        lock = self._locks.setdefault(user_id, asyncio.Lock())
        async with lock:
            mark = _Mark(user_id, part, actor)
            await self._database.write(lambda db: _set(db, mark))
            return await self._complete(mark)

    async def resume(self) -> None:
        """Complete the removals of an earlier process; call this before interrupted runs are resumed."""
        for mark in await self._database.read(_marks):
            deleted = await self._complete(mark)
            _LOG.info("the removal of %s of %s is complete: %s", mark.part, mark.user_id, dict(deleted))

    async def _complete(self, mark: _Mark) -> Counter[str]:
        user_id, part, actor = mark
        if (user_id, part) not in self._marked:
            self._marked.add((user_id, part))
            self._runs.lanes.close_user(user_id)
        deleted: Counter[str] = Counter()
        if part == "everything":
            deleted["keys"] = await self._revoke_keys(user_id, actor)
        # This includes indexing runs.
        await self._runs.cancel_user(user_id, "what the desk holds of the user was deleted")
        if part != "conversations":
            deleted["documents"] = await self._library.forget_owner(user_id)
        if part != "documents":
            for thread_id in await self._database.write(lambda db: _threads_of(db, user_id)):
                deleted += await self._deletion.conversation(thread_id)
        if part == "everything":
            self._keys.forget(user_id)
        deleted += await self._database.write(lambda db: _finish(db, mark, deleted), erasing=True)
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


def _set(db: sqlite3.Connection, mark: _Mark) -> None:
    """Mark a removal; the mark of a failed one stays, with its first actor."""
    actor = (mark.actor.name, mark.actor.address, mark.actor.key_id)
    db.execute(
        "INSERT OR IGNORE INTO removals VALUES (?, ?, ?, ?, ?, ?)", (mark.user_id, mark.part, *actor, time.time())
    )


def _marks(db: sqlite3.Connection) -> list[_Mark]:
    rows = db.execute("SELECT user_id, part, actor, address, key_id FROM removals ORDER BY requested_at").fetchall()
    return [_Mark(row["user_id"], row["part"], Actor(row["actor"], row["address"], row["key_id"])) for row in rows]


def _threads_of(db: sqlite3.Connection, user_id: str) -> list[str]:
    """Return all of a user's conversations, including archived ones, those of direct model calls and of indexing."""
    return [row["id"] for row in db.execute("SELECT id FROM threads WHERE user_id = ?", (user_id,))]


def _finish(db: sqlite3.Connection, mark: _Mark, deleted: Counter[str]) -> Counter[str]:
    """Delete rows outside of conversations, delete the mark, and write the audit entry, in one transaction."""
    tables = {"everything": ("handovers", "activity"), "conversations": ("handovers",), "documents": ()}
    last = Counter(
        {
            table: db.execute(f"DELETE FROM {table} WHERE user_id = ?", (mark.user_id,)).rowcount
            for table in tables[mark.part]
        }
    )
    if mark.part == "everything":
        delete_revoked(db, mark.user_id)
        # Today's spending stays, or users could renew their budget by deleting their data.
        last["spending"] = spending.delete(db, mark.user_id, before=time.time())
    counts = {name: count for name, count in sorted((deleted + last).items()) if count}
    after = {"part": mark.part, **counts}
    record_entry(db, mark.actor.did("person.delete", mark.user_id, after=after, person=mark.user_id))
    db.execute("DELETE FROM removals WHERE user_id = ? AND part = ?", (mark.user_id, mark.part))
    return last
