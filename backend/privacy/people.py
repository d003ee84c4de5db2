"""The list of users and how much is stored of each, without any of their text."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Users are found by what they own; each of these tables has an index that begins with the user.
_IN_DESK = (
    "SELECT user_id FROM threads GROUP BY user_id",
    "SELECT user_id FROM runs GROUP BY user_id",
    "SELECT DISTINCT user_id FROM handovers",
    "SELECT user_id FROM spending GROUP BY user_id",
)


@dataclass(frozen=True)
class UserConversations:
    """The amount of a user's conversations."""

    conversations: int
    runs: int
    handovers: int
    message_bytes: int
    last_active_at: float | None


@dataclass(frozen=True)
class UserDocuments:
    """The amount of a user's own documents."""

    documents: int
    document_bytes: int


def names(db: sqlite3.Connection) -> list[str]:
    """Return the users with rows in `desk.db`."""
    return [row["user_id"] for row in db.execute(" UNION ".join(_IN_DESK))]


def owners(db: sqlite3.Connection) -> list[str]:
    """Return the users with documents of their own in `knowledge.db`."""
    return [row["owner"] for row in db.execute("SELECT owner FROM documents WHERE owner <> '' GROUP BY owner")]


def conversations_of(db: sqlite3.Connection, users: Sequence[str]) -> dict[str, UserConversations]:
    """Measure the conversations of each of the users."""
    return {user: _conversations(db, user) for user in users}


def shelves_of(db: sqlite3.Connection, users: Sequence[str]) -> dict[str, UserDocuments]:
    """Count the documents of each of the users, and the bytes of their texts."""
    of_owner = "SELECT count(*), coalesce(sum(bytes), 0) FROM documents WHERE owner = ?"
    return {user: UserDocuments(*db.execute(of_owner, (user,)).fetchone()) for user in users}


def every_name(*found: Iterable[str]) -> list[str]:
    """Merge the names, sorted and without duplicates."""
    return sorted(set().union(*found))


def _conversations(db: sqlite3.Connection, user: str) -> UserConversations:
    threads, used = db.execute("SELECT count(*), max(updated_at) FROM threads WHERE user_id = ?", (user,)).fetchone()
    runs = db.execute("SELECT count(*) FROM runs WHERE user_id = ?", (user,)).fetchone()[0]
    handovers = db.execute("SELECT count(*) FROM handovers WHERE user_id = ?", (user,)).fetchone()[0]
    written = db.execute(
        """SELECT coalesce(sum(length(CAST(content AS BLOB))), 0) FROM messages
           WHERE thread_id IN (SELECT id FROM threads WHERE user_id = ?)""",
        (user,),
    ).fetchone()[0]
    return UserConversations(threads, runs, handovers, written, used)
