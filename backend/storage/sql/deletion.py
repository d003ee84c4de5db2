"""Deletions in SQL. Each is a short transaction; `erasing` has the deleted data leave the logs too."""

import time
from collections import Counter
from collections.abc import Sequence

from backend.auth.audit import Actor, AuditEntry
from backend.storage.deletion import RUNS_AT_ONCE, DeletedPart, RemovalMark
from backend.storage.sql.audit import record_entry
from backend.storage.sql.keys import delete_revoked
from backend.storage.sql.spending import delete_spending
from knowledge.storage.database import Connection, Database

# Tables with a run's rows, in an order that never violates a foreign key.
_OF_RUNS = ("feedback", "steps", "events", "handovers", "messages", "cached_answers")
# Tables with a person's rows outside of conversations.
_OF_PARTS = {
    "everything": ("handovers", "activity", "cached_answers"),
    "conversations": ("handovers", "cached_answers"),
    "documents": ("cached_answers",),
}


class SqlDeletionStore:
    """The SQL implementation of `DeletionStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def delete_thread_part(
        self, thread_id: str, *, keep_figures: bool, entry: AuditEntry | None = None
    ) -> DeletedPart:
        return await self._database.write(
            lambda db: _delete_thread_part(db, thread_id, keep_figures, entry), erasing=True
        )

    async def delete_runs(self, run_ids: Sequence[str], *, keep_figures: bool) -> Counter[str]:
        return await self._database.write(lambda db: _delete_runs(db, run_ids, keep_figures), erasing=True)

    async def threads_of(self, user_id: str) -> list[str]:
        # On the writer's connection, behind the questions that it is yet to store.
        return await self._database.write(lambda db: _threads_of(db, user_id))

    async def mark_removal(self, mark: RemovalMark) -> None:
        await self._database.write(lambda db: _mark_removal(db, mark))

    async def removal_marks(self) -> list[RemovalMark]:
        return await self._database.read(_removal_marks)

    async def finish_removal(self, mark: RemovalMark, deleted: Counter[str]) -> Counter[str]:
        return await self._database.write(lambda db: _finish_removal(db, mark, deleted), erasing=True)


def create_removals_table(db: Connection) -> None:
    """Create the table that marks removals under way, so that the next start completes those interrupted by a crash."""
    db.execute(
        """CREATE TABLE removals (
            user_id TEXT NOT NULL, part TEXT NOT NULL, actor TEXT NOT NULL, address TEXT, key_id TEXT,
            requested_at REAL NOT NULL, PRIMARY KEY (user_id, part)) WITHOUT ROWID"""
    )


def _delete_thread_part(db: Connection, thread_id: str, keep_figures: bool, entry: AuditEntry | None) -> DeletedPart:
    rows = db.execute("SELECT id FROM runs WHERE thread_id = ? ORDER BY place LIMIT ?", (thread_id, RUNS_AT_ONCE))
    run_ids = [row["id"] for row in rows]
    deleted = _delete_runs(db, run_ids, keep_figures)
    if len(run_ids) == RUNS_AT_ONCE:
        return DeletedPart(deleted, whole=False)
    for table in ("handovers", "messages"):
        deleted[table] += db.execute(f"DELETE FROM {table} WHERE thread_id = ?", (thread_id,)).rowcount
    deleted["threads"] += db.execute("DELETE FROM threads WHERE id = ?", (thread_id,)).rowcount
    if entry and deleted["threads"]:
        record_entry(db, entry)
    return DeletedPart(deleted, whole=True)


def _delete_runs(db: Connection, run_ids: Sequence[str], keep_figures: bool) -> Counter[str]:
    if not run_ids:
        return Counter()
    tables = _OF_RUNS if keep_figures else (*_OF_RUNS, "activity")
    marks = ",".join("?" * len(run_ids))
    deleted = {
        table: db.execute(f"DELETE FROM {table} WHERE run_id IN ({marks})", tuple(run_ids)).rowcount for table in tables
    }
    deleted["runs"] = db.execute(f"DELETE FROM runs WHERE id IN ({marks})", tuple(run_ids)).rowcount
    return Counter(deleted)


def _threads_of(db: Connection, user_id: str) -> list[str]:
    return [row["id"] for row in db.execute("SELECT id FROM threads WHERE user_id = ?", (user_id,))]


def _mark_removal(db: Connection, mark: RemovalMark) -> None:
    actor = (mark.actor.name, mark.actor.address, mark.actor.key_id)
    db.execute(
        """INSERT INTO removals (user_id, part, actor, address, key_id, requested_at) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (user_id, part) DO NOTHING""",
        (mark.user_id, mark.part, *actor, time.time()),
    )


def _removal_marks(db: Connection) -> list[RemovalMark]:
    rows = db.execute("SELECT user_id, part, actor, address, key_id FROM removals ORDER BY requested_at")
    return [
        RemovalMark(row["user_id"], row["part"], Actor(row["actor"], row["address"], row["key_id"])) for row in rows
    ]


def _finish_removal(db: Connection, mark: RemovalMark, deleted: Counter[str]) -> Counter[str]:
    last = Counter(
        {
            table: db.execute(f"DELETE FROM {table} WHERE user_id = ?", (mark.user_id,)).rowcount
            for table in _OF_PARTS[mark.part]
        }
    )
    if mark.part == "everything":
        delete_revoked(db, mark.user_id)
        # Today's spending stays, or users could renew their budget by deleting their data.
        last["spending"] = delete_spending(db, mark.user_id, before=time.time())
    counts = {name: count for name, count in sorted((deleted + last).items()) if count}
    after = {"part": mark.part, **counts}
    record_entry(db, mark.actor.did("person.delete", mark.user_id, after=after, person=mark.user_id))
    db.execute("DELETE FROM removals WHERE user_id = ? AND part = ?", (mark.user_id, mark.part))
    return last
