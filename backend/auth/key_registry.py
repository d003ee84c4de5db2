"""The keys made and revoked while the desk serves. Requests are checked in memory; the store is read at start."""

import asyncio
import logging
import secrets
import time
from dataclasses import dataclass
from typing import Self

from backend.auth.audit import Actor
from backend.auth.errors import KeyInSettings, KeysUnused
from backend.auth.scopes import Scope, with_implied
from backend.runs.background import in_background
from backend.storage.keys import KeyStore, StoredKey
from backend.users import Users, digest_of, id_of
from knowledge.errors import DeskError
from knowledge.storage.database import DatabaseError

_LOG = logging.getLogger(__name__)

MOST_KEYS = 1_000
_EVERY_SECONDS = 60


@dataclass(frozen=True)
class KeyRequest:
    """A request to create a key."""

    user_id: str
    scopes: frozenset[Scope]
    label: str = ""
    expires_at: float | None = None


class KeyRegistry:
    """The keys of a desk: each change is stored first, and takes effect with the next request."""

    def __init__(self, store: KeyStore, users: Users) -> None:
        self._store = store
        self._users = users
        self._noted: dict[str, float] = {}
        # Keeps the order of changes in the store and in memory the same.
        self._changing = asyncio.Lock()
        self._noting = in_background(self._note_regularly(), "uses of keys")

    @classmethod
    async def open(cls, store: KeyStore, users: Users) -> Self:
        """Load the stored keys into `users`, which authenticates each request."""
        stored = await store.all_keys()
        for key in stored:
            users.put(key)
        if stored and not users.keyed:
            _LOG.warning(
                "API_KEYS is empty, so this desk asks for no keys, not even for the %d that it stores", len(stored)
            )
        return cls(store, users)

    async def make(self, wanted: KeyRequest, actor: Actor) -> tuple[str, StoredKey]:
        """Create a key and return its secret, which is never shown again."""
        if not self._users.keyed:
            raise KeysUnused(
                "This desk asks for no keys, so a key would change nothing. Name an operator's in API_KEYS first; "
                "python -m backend.users NAME makes one."
            )
        secret = f"fd-{secrets.token_urlsafe(32)}"
        digest = digest_of(secret)
        key = StoredKey(
            id=id_of(digest),
            digest=digest,
            user_id=wanted.user_id,
            label=wanted.label,
            scopes=with_implied(wanted.scopes),
            created_at=time.time(),
            created_by=actor.name,
            expires_at=wanted.expires_at,
        )

        async with self._changing:
            await self._store.add_key(key, actor, MOST_KEYS)
            self._users.put(key)
        return secret, key

    async def revoke(self, key_id: str, actor: Actor) -> StoredKey:
        """Revoke a key with immediate effect; doing so again changes nothing."""
        if self._users.is_in_settings(key_id):
            raise KeyInSettings(f"key {key_id} is in API_KEYS; take it out there and restart the desk")

        async with self._changing:
            key = await self._store.revoke_key(key_id, actor)
            self._users.put(key)
        return key

    def forget(self, user_id: str) -> None:
        """Drop a user's revoked keys, whose rows are about to be deleted, from memory: they count as unknown now."""
        for key_id in self._users.forget_revoked(user_id):
            self._noted.pop(key_id, None)

    async def every(self) -> list[StoredKey]:
        """Return all keys: those of API_KEYS, then the stored ones, newest first."""
        return [*self._users.in_settings(), *await self._store.all_keys()]

    async def stored_keys(self) -> list[StoredKey]:
        """Return the keys that were made at run time, newest first."""
        return await self._store.all_keys()

    async def last_uses(self) -> dict[str, float]:
        """Return the time at which each key was last used."""
        return await self._store.last_uses() | self._users.uses

    async def close(self) -> None:
        """Stop the background task and store the last uses of keys."""
        self._noting.cancel()
        await self._note()

    async def _note_regularly(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            await self._note()

    async def _note(self) -> None:
        uses = {key_id: used for key_id, used in self._users.uses.items() if used != self._noted.get(key_id)}
        if not uses:
            return
        try:
            await self._store.note_uses(uses)
        except (DatabaseError, DeskError) as error:
            _LOG.warning("when keys were used last is not stored: %s", error)
        else:
            self._noted |= uses
