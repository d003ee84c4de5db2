"""Audit entries outside of any transaction, and refused keys, of which an attacker can make millions."""

import asyncio
import logging
import sqlite3
from collections import Counter
from typing import NamedTuple

from backend.auth.audit import TRIMMED_AT_ONCE, AuditEntry, record, trim
from backend.runs.background import in_background
from knowledge.errors import DeskError
from knowledge.storage.sqlite import Database

_LOG = logging.getLogger(__name__)

_EVERY_SECONDS = 60
_DAY_SECONDS = 86_400
# Rows that refused keys may make in that time: all of them, and those of one address.
MOST_REFUSED, MOST_OF_AN_ADDRESS = 20, 5
_MANY = "many"


class _Refused(NamedTuple):
    address: str | None
    key_id: str
    reason: str


class AuditLog:
    """Appends entries; gathers refused keys and appends one row a minute for each address and key, with a count."""

    def __init__(self, database: Database, days: int = 0) -> None:
        self._database = database
        self.days = days
        self._refused: Counter[_Refused] = Counter()
        self._flushing: asyncio.Task[None] | None = None

    async def add(self, entry: AuditEntry) -> None:
        """Append the entry of something that is done already. Whoever stops waiting does not stop it."""
        await asyncio.shield(self._database.write(lambda db: record(db, entry)))

    def refuse(self, address: str | None, key_id: str | None, reason: str) -> None:
        """Count a refused key; `key_id` is the beginning of its digest. It is appended within a minute."""
        self._refused[self._kind(_Refused(address, key_id or "none", reason))] += 1
        if self._flushing is None:
            self._flushing = in_background(self._flush_regularly(), "audit log")

    async def flush(self) -> None:
        """Append what is counted, or raise and count on. Whoever stops waiting does not stop it."""
        await asyncio.shield(self._append_refused())

    async def try_to_flush(self) -> None:
        """Append what is counted, unless the disk is full or the file damaged: it is tried again within a minute."""
        try:
            await self.flush()
        except (sqlite3.Error, DeskError) as error:
            _LOG.warning("refused keys are not in the audit log yet: %s", error)

    async def close(self) -> None:
        """Append what is counted, for the last time."""
        if self._flushing:
            self._flushing.cancel()
        await self.try_to_flush()

    async def trim(self, now: float) -> int:
        """Delete what is older than AUDIT_DAYS; how many entries that were."""
        if not self.days:
            return 0
        before, trimmed = now - self.days * _DAY_SECONDS, 0
        while True:
            count = await self._database.write(lambda db: trim(db, before))
            trimmed += count
            # Not until nothing is left: each step makes an entry, which a clock that jumps makes too old as well.
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

        def append(db: sqlite3.Connection) -> None:
            for entry in entries:
                record(db, entry)

        if not entries:
            return
        try:
            await self._database.write(append)
        except (sqlite3.Error, DeskError):
            for one, times in refused.items():
                self._refused[self._kind(one)] += times
            raise

    def _kind(self, refused: _Refused) -> _Refused:
        """What it is counted as: by itself, with others of its address, or with all others."""
        if refused in self._refused:
            return refused
        if len(self._refused) >= MOST_REFUSED:
            return _Refused(None, _MANY, _MANY)
        if sum(one.address == refused.address for one in self._refused) >= MOST_OF_AN_ADDRESS:
            return _Refused(refused.address, _MANY, _MANY)
        return refused

    async def _flush_regularly(self) -> None:
        """Until nothing is counted any more."""
        while self._refused:
            await asyncio.sleep(_EVERY_SECONDS)
            await self.try_to_flush()
        self._flushing = None
