"""The store of API keys that were made at run time, and of the last use of each key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from backend.auth.audit import Actor
from backend.auth.scopes import Scope


@dataclass(frozen=True)
class StoredKey:
    """The record of an API key, with a hash in place of its secret."""

    id: str
    digest: str
    user_id: str
    label: str
    scopes: frozenset[Scope]
    created_at: float | None = None
    created_by: str | None = None
    expires_at: float | None = None
    revoked_at: float | None = None
    revoked_by: str | None = None

    @property
    def audited_fields(self) -> dict[str, Any]:
        """The fields of the key that go into the audit log."""
        fields = {"user": self.user_id, "scopes": sorted(self.scopes), "label": self.label}
        return fields | {"expires_at": self.expires_at}


class KeyStore(Protocol):
    """A store of keys. Each is made and revoked together with its audit entry, or not at all."""

    async def all_keys(self) -> list[StoredKey]:
        """Return all stored keys, newest first, including revoked and expired ones."""
        ...

    async def add_key(self, key: StoredKey, actor: Actor, most: int) -> None:
        """Store a key, or raise `TooManyKeys` if there are so many usable ones already."""
        ...

    async def revoke_key(self, key_id: str, actor: Actor) -> StoredKey:
        """Revoke a key and return it, or raise `KeyUnknown`; one that was revoked before stays as it is."""
        ...

    async def last_uses(self) -> dict[str, float]:
        """Return the time at which each key was last used, including the keys of API_KEYS."""
        ...

    async def note_uses(self, uses: Mapping[str, float]) -> None:
        """Store the times at which keys were last used; an earlier time than the stored one changes nothing."""
        ...
