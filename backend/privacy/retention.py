"""Retention: a background task that deletes data older than RETENTION_DAYS, and keeps the figures.

The age of a conversation counts from its last use, that of a handover without one from its resolution, or else from its
creation. Documents, agents, spending and the figures of `/api/activity` stay. The audit log has its own period,
AUDIT_DAYS.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Self

from backend.auth.audit import SYSTEM
from backend.auth.audit_log import AuditLog
from backend.limits.clock import DeskClock
from backend.privacy.clock_guard import ClockGuard
from backend.privacy.deletion import ConversationDeletion
from backend.runs.background import in_background
from backend.runs.indexing_job import INDEXING
from backend.runs.queue import RunQueue
from backend.storage.retention import LastUse, RetentionStore
from knowledge.errors import DeskError
from knowledge.storage.database import DatabaseError

_LOG = logging.getLogger(__name__)

_EVERY_SECONDS = 3600
_DAY_SECONDS = 86_400
_AT_ONCE = 50


class Retention:
    """A background task that deletes outdated data from `begin` to `close`; 0 days disable it."""

    def __init__(
        self,
        days: int,
        store: RetentionStore,
        lanes: RunQueue,
        deletion: ConversationDeletion,
        audit: AuditLog,
        guard: ClockGuard,
    ) -> None:
        self._days = days
        self._store = store
        self._lanes = lanes
        self._deletion = deletion
        self._audit = audit
        self._guard = guard
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        days: int,
        store: RetentionStore,
        lanes: RunQueue,
        deletion: ConversationDeletion,
        audit: AuditLog,
        clock: DeskClock,
    ) -> Self:
        """Prepare the task; call this before the server stores anything by its current clock."""
        shortest = min(filter(None, (days, audit.days)), default=0)
        guard = await ClockGuard.open(store, clock, shortest)
        return cls(days, store, lanes, deletion, audit, guard)

    def begin(self) -> None:
        """Start the task, which looks now and then every hour."""
        if self._days or self._audit.days:
            self._task = in_background(self._look_regularly(), "retention")

    async def close(self) -> None:
        """Stop the task; the next start continues with the rest."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def look(self) -> None:
        """Delete outdated data if the clock is trusted; log failures and leave them to the next look."""
        works: tuple[Callable[[float], Awaitable[object]], ...] = (self.sweep, self._audit.trim)
        try:
            now = await self._guard.now()
        except (DatabaseError, DeskError):
            _LOG.exception("that the clock was looked at cannot be stored, so nothing is deleted for its age")
            return
        if now is None:
            return
        for work in works:
            try:
                await work(now)
            except (DatabaseError, DeskError):
                _LOG.exception("what is too old could not be deleted; the desk tries again in an hour")

    async def sweep(self, now: float) -> Counter[str]:
        """Delete the data that is outdated at a time, and return the number of rows by table."""
        if not self._days:
            return Counter()
        before = now - self._days * _DAY_SECONDS
        deleted = await self._conversations(before)
        deleted += await self._work_on_documents(before)
        deleted += await self._handovers(before)
        if deleted:
            counts = {name: count for name, count in sorted(deleted.items()) if count}
            await self._audit.add(SYSTEM.did("retention.delete", "desk", after={"before": before, **counts}))
            _LOG.info("deleted what is older than %d days: %s", self._days, counts)
        return deleted

    async def _look_regularly(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(_EVERY_SECONDS)

    async def _conversations(self, before: float) -> Counter[str]:
        deleted: Counter[str] = Counter()
        after = LastUse(0, "")
        while used := await self._store.outdated_threads(before, after, _AT_ONCE):
            after = used[-1]
            for _, thread_id in used:
                began = time.monotonic()
                deleted += await self._conversation(thread_id, before)
                await self._pause(began)
        return deleted

    async def _conversation(self, thread_id: str, before: float) -> Counter[str]:
        """Delete a conversation, unless it is in use or was used since it was found outdated."""
        with self._lanes.closed(thread_id):
            if self._lanes.of_thread(thread_id) or not await self._store.is_outdated(thread_id, before):
                return Counter()
            return await self._deletion.conversation(thread_id, keep_figures=True)

    async def _work_on_documents(self, before: float) -> Counter[str]:
        """Delete old indexing runs by their end: each user's are in one conversation that is used for ever."""
        deleted: Counter[str] = Counter()
        while ids := await self._store.outdated_runs(INDEXING, before, _AT_ONCE):
            began = time.monotonic()
            deleted += await self._deletion.runs(ids, keep_figures=True)
            await self._pause(began)
        return deleted

    async def _handovers(self, before: float) -> Counter[str]:
        deleted: Counter[str] = Counter()
        while count := await self._store.delete_outdated_handovers(before, _AT_ONCE):
            deleted["handovers"] += count
            await asyncio.sleep(0)
        return deleted

    async def _pause(self, began: float) -> None:
        """Sleep for as long as the work took, so that answers under way have the disk at least half of the time."""
        await asyncio.sleep(time.monotonic() - began)
