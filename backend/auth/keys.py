"""The SQL of stored API keys: the tables, and every statement on them."""

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

from backend.auth.errors import KeyUnknown, TooManyKeys
from backend.auth.scopes import Scope, with_implied

MOST_KEYS = 1_000


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
    def told(self) -> dict[str, Any]:
        """The fields of the key that go into the audit log."""
        told = {"user": self.user_id, "scopes": sorted(self.scopes), "label": self.label}
        return told | {"expires_at": self.expires_at}


def create_keys_tables(db: sqlite3.Connection) -> None:
    """Create the tables of keys and of the last use of each, including the keys of API_KEYS."""
    db.execute(
        """CREATE TABLE keys (
            id TEXT PRIMARY KEY, digest TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL, label TEXT NOT NULL,
            scopes TEXT NOT NULL, created_at REAL NOT NULL, created_by TEXT NOT NULL, expires_at REAL,
            revoked_at REAL, revoked_by TEXT)"""
    )
    db.execute("CREATE TABLE key_uses (key_id TEXT PRIMARY KEY, used_at REAL NOT NULL) WITHOUT ROWID")


def add_key(db: sqlite3.Connection, key: StoredKey) -> None:
    """Store a key, or raise `TooManyKeys` if the limit of usable keys is reached."""
    usable = "SELECT count(*) FROM keys WHERE revoked_at IS NULL AND coalesce(expires_at, ?) > ?"
    now = time.time()
    if db.execute(usable, (now + 1, now)).fetchone()[0] >= MOST_KEYS:
        raise TooManyKeys(f"there are {MOST_KEYS:,} keys in use, which is as many as there may be; revoke some first")
    db.execute(
        "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
        (
            key.id,
            key.digest,
            key.user_id,
            key.label,
            " ".join(sorted(key.scopes)),
            key.created_at,
            key.created_by,
            key.expires_at,
        ),
    )


def get_key(db: sqlite3.Connection, key_id: str) -> StoredKey:
    """Read a stored key, or raise `KeyUnknown`."""
    row = db.execute("SELECT * FROM keys WHERE id = ?", (key_id,)).fetchone()
    if row is None:
        raise KeyUnknown(f"there is no key {key_id}")
    return _key(row)


def revoke_key(db: sqlite3.Connection, key_id: str, user_id: str) -> bool:
    """Revoke a key; return False if it was revoked before, and keep who did that."""
    revoke = "UPDATE keys SET revoked_at = ?, revoked_by = ? WHERE id = ? AND revoked_at IS NULL"
    return bool(db.execute(revoke, (time.time(), user_id, key_id)).rowcount)


def delete_revoked(db: sqlite3.Connection, user_id: str) -> None:
    """Delete the rows of a user's revoked keys."""
    mine = "SELECT id FROM keys WHERE user_id = ? AND revoked_at IS NOT NULL"
    db.execute(f"DELETE FROM key_uses WHERE key_id IN ({mine})", (user_id,))
    db.execute(f"DELETE FROM keys WHERE id IN ({mine})", (user_id,))


def every_key(db: sqlite3.Connection) -> list[StoredKey]:
    """Return all stored keys, newest first, including revoked and expired ones."""
    return [_key(row) for row in db.execute("SELECT * FROM keys ORDER BY created_at DESC, rowid DESC")]


def note_uses(db: sqlite3.Connection, uses: Mapping[str, float]) -> None:
    """Store the times at which keys were last used."""
    db.executemany(
        """INSERT INTO key_uses VALUES (?, ?)
           ON CONFLICT (key_id) DO UPDATE SET used_at = max(used_at, excluded.used_at)""",
        list(uses.items()),
    )


def last_uses(db: sqlite3.Connection) -> dict[str, float]:
    """Return the time at which each key was last used."""
    return {row["key_id"]: row["used_at"] for row in db.execute("SELECT key_id, used_at FROM key_uses")}


def _key(row: sqlite3.Row) -> StoredKey:
    # Scopes that a newer release has stored are ignored.
    scopes = [cast("Scope", name) for name in row["scopes"].split() if name in get_args(Scope)]
    return StoredKey(**{**dict(row), "scopes": with_implied(scopes)})
