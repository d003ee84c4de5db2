"""API keys in SQL: the tables, and every statement on them."""

import time
from collections.abc import Mapping
from typing import cast, get_args

from backend.auth.audit import Actor
from backend.auth.errors import KeyUnknown, TooManyKeys
from backend.auth.scopes import Scope, with_implied
from backend.storage.keys import StoredKey
from backend.storage.sql.audit import record_entry
from knowledge.storage.database import Connection, Database, Row

_COLUMNS = "id, digest, user_id, label, scopes, created_at, created_by, expires_at, revoked_at, revoked_by"


class SqlKeyStore:
    """The SQL implementation of `KeyStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all_keys(self) -> list[StoredKey]:
        return await self._database.read(_all_keys)

    async def add_key(self, key: StoredKey, actor: Actor, most: int) -> None:
        def add(db: Connection) -> None:
            _check_room(db, most)
            _insert_key(db, key)
            record_entry(db, actor.did("key.make", key.id, None, key.audited_fields, person=key.user_id))

        await self._database.write(add)

    async def revoke_key(self, key_id: str, actor: Actor) -> StoredKey:
        def revoke(db: Connection) -> StoredKey:
            key = _get_key(db, key_id)
            if _mark_revoked(db, key_id, actor.name):
                entry = actor.did("key.revoke", key_id, key.audited_fields, {"revoked": True}, person=key.user_id)
                record_entry(db, entry)
            return _get_key(db, key_id)

        return await self._database.write(revoke)

    async def last_uses(self) -> dict[str, float]:
        return await self._database.read(_last_uses)

    async def note_uses(self, uses: Mapping[str, float]) -> None:
        await self._database.write(lambda db: _note_uses(db, uses))


def create_keys_tables(db: Connection) -> None:
    """Create the tables of keys and of the last use of each, including the keys of API_KEYS."""
    db.execute(
        """CREATE TABLE keys (
            id TEXT PRIMARY KEY, digest TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL, label TEXT NOT NULL,
            scopes TEXT NOT NULL, created_at REAL NOT NULL, created_by TEXT NOT NULL, expires_at REAL,
            revoked_at REAL, revoked_by TEXT)"""
    )
    db.execute("CREATE TABLE key_uses (key_id TEXT PRIMARY KEY, used_at REAL NOT NULL) WITHOUT ROWID")


def delete_revoked(db: Connection, user_id: str) -> None:
    """Delete a user's revoked keys."""
    revoked = "SELECT id FROM keys WHERE user_id = ? AND revoked_at IS NOT NULL"
    db.execute(f"DELETE FROM key_uses WHERE key_id IN ({revoked})", (user_id,))
    db.execute(f"DELETE FROM keys WHERE id IN ({revoked})", (user_id,))


def _check_room(db: Connection, most: int) -> None:
    usable = "SELECT count(*) FROM keys WHERE revoked_at IS NULL AND coalesce(expires_at, ?) > ?"
    now = time.time()
    if db.execute(usable, (now + 1, now)).fetchone()[0] >= most:
        raise TooManyKeys(f"there are {most:,} keys in use, which is as many as there may be; revoke some first")


def _insert_key(db: Connection, key: StoredKey) -> None:
    scopes = " ".join(sorted(key.scopes))
    made = (key.created_at, key.created_by, key.expires_at)
    db.execute(
        """INSERT INTO keys (id, digest, user_id, label, scopes, created_at, created_by, expires_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        (key.id, key.digest, key.user_id, key.label, scopes, *made),
    )


def _get_key(db: Connection, key_id: str) -> StoredKey:
    row = db.execute(f"SELECT {_COLUMNS} FROM keys WHERE id = ?", (key_id,)).fetchone()
    if row is None:
        raise KeyUnknown(f"there is no key {key_id}")
    return _stored_key(row)


def _mark_revoked(db: Connection, key_id: str, user_id: str) -> bool:
    """Mark a key as revoked; return False if it was before, and keep who did that."""
    revoke = "UPDATE keys SET revoked_at = ?, revoked_by = ? WHERE id = ? AND revoked_at IS NULL"
    return bool(db.execute(revoke, (time.time(), user_id, key_id)).rowcount)


def _all_keys(db: Connection) -> list[StoredKey]:
    return [_stored_key(row) for row in db.execute(f"SELECT {_COLUMNS} FROM keys ORDER BY created_at DESC, id")]


def _note_uses(db: Connection, uses: Mapping[str, float]) -> None:
    db.executemany(
        """INSERT INTO key_uses (key_id, used_at) VALUES (?, ?)
           ON CONFLICT (key_id) DO UPDATE SET used_at = excluded.used_at WHERE excluded.used_at > key_uses.used_at""",
        list(uses.items()),
    )


def _last_uses(db: Connection) -> dict[str, float]:
    return {row["key_id"]: row["used_at"] for row in db.execute("SELECT key_id, used_at FROM key_uses")}


def _stored_key(row: Row) -> StoredKey:
    # Scopes that a newer release has stored are ignored.
    scopes = [cast("Scope", name) for name in row["scopes"].split() if name in get_args(Scope)]
    return StoredKey(**{**dict(row), "scopes": with_implied(scopes)})
