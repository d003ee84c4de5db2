"""The writer of audit entries that stand alone, and of refused keys, of which an attacker can cause millions."""

import asyncio
import logging
from collections import Counter
from typing import NamedTuple

from backend.auth.audit import AuditEntry
from backend.runs.background import in_background
from backend.storage.audit import TRIMMED_AT_ONCE, AuditLogStore
from knowledge.errors import DeskError
from knowledge.storage.database import DatabaseError

_LOG = logging.getLogger(__name__)

_EVERY_SECONDS = 60
_DAY_SECONDS = 86_400
# The most rows for refused keys in that time, in total and of one address.
MOST_REFUSED, MOST_OF_AN_ADDRESS = 20, 5
_MANY = "many"


class _RefusedKey(NamedTuple):
    address: str | None
    key_id: str
    reason: str


class AuditLog:
    """A writer of entries that aggregates refused keys into one row a minute for each address and key, with a count."""

    def __init__(self, store: AuditLogStore, days: int = 0) -> None:
        self._store = store
        self.days = days
        self._refused: Counter[_RefusedKey] = Counter()
        self._flushing: asyncio.Task[None] | None = None

    async def add(self, entry: AuditEntry) -> None:
        """Append the entry of an action that is already done; cancelling the caller does not stop the write."""
        await asyncio.shield(self._store.append([entry]))

    def refuse(self, address: str | None, key_id: str | None, reason: str) -> None:
        """Count a refused key, to be appended within a minute; `key_id` is the beginning of its digest."""
        self._refused[self._kind(_RefusedKey(address, key_id or "none", reason))] += 1
        if self._flushing is None:
            self._flushing = in_background(self._flush_regularly(), "audit log")

    async def flush(self) -> None:
        """Append the counts, or raise and keep counting; cancelling the caller does not stop the write."""
        await asyncio.shield(self._append_refused())

    async def try_to_flush(self) -> None:
        """Append the counts; if the disk is full or the file damaged, log that and retry within a minute."""
        try:
            await self.flush()
        except (DatabaseError, DeskError) as error:
            _LOG.warning("refused keys are not in the audit log yet: %s", error)

    async def close(self) -> None:
        """Stop the background task and append the remaining counts."""
        if self._flushing:
            self._flushing.cancel()
        await self.try_to_flush()

    async def trim(self, now: float) -> int:
        """Delete entries older than AUDIT_DAYS and return their number."""
        if not self.days:
            return 0
        before, trimmed = now - self.days * _DAY_SECONDS, 0
        while True:
            count = await self._store.trim(before, TRIMMED_AT_ONCE)
            trimmed += count
            # Looping until nothing is left might not end: each step adds an entry, which a jumping clock makes old too.
            if count < TRIMMED_AT_ONCE:
                return trimmed

    async def _append_refused(self) -> None:
        refused, self._refused = self._refused, Counter()
        entries = [
            AuditEntry(
                "key.refused", "(unknown)", one.address, one.key_id, None, {"times": times, "reason": one.reason}
            )
            for one, times in refused.items()
        ]
        if not entries:
            return
        try:
            await self._store.append(entries)
        except (DatabaseError, DeskError):
            for one, times in refused.items():
                self._refused[self._kind(one)] += times
            raise

    def _kind(self, refused: _RefusedKey) -> _RefusedKey:
        """Choose the counter of a refusal: its own, that of its address, or that of all others."""
        if refused in self._refused:
            return refused
        if len(self._refused) >= MOST_REFUSED:
            return _RefusedKey(None, _MANY, _MANY)
        if sum(one.address == refused.address for one in self._refused) >= MOST_OF_AN_ADDRESS:
            return _RefusedKey(refused.address, _MANY, _MANY)
        return refused

    async def _flush_regularly(self) -> None:
        """Flush every minute until no count is left."""
        while self._refused:
            await asyncio.sleep(_EVERY_SECONDS)
            await self.try_to_flush()
        self._flushing = None
