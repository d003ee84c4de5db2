"""The store of the audit log: append-only, and a chain of hashes, so that an edit made with another program shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from backend.auth.audit import AuditEntry

TRIMMED_AT_ONCE = 5_000


@dataclass(frozen=True)
class RecordedEntry:
    """An entry as it is stored. Places are numbered without gaps; `hash` covers the entry and the one before it."""

    place: int
    at: float
    action: str
    actor: str
    key_id: str | None
    address: str | None
    target: str
    person: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    hash: str


@dataclass(frozen=True)
class AuditFilter:
    """A filter of entries, in which None matches anything; `action` also matches `action.anything`."""

    action: str | None = None
    actor: str | None = None
    target: str | None = None
    person: str | None = None
    since: float | None = None
    until: float | None = None
    before: int | None = None


class AuditLogStore(Protocol):
    """A store of audit entries. Secrets in an entry are redacted before it is stored."""

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        """Append all the entries, or none of them."""
        ...

    async def trim(self, before: float, most: int = TRIMMED_AT_ONCE) -> int:
        """Delete the oldest entries from before a time and return their number; the deletion is an entry too."""
        ...

    async def entries(self, wanted: AuditFilter, limit: int) -> list[RecordedEntry]:
        """Return the matching entries, newest first."""
        ...

    async def check_chain(self) -> int | None:
        """Return the place of the first entry that was altered or follows a gap, or None if the log is intact."""
        ...
