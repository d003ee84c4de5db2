"""The hard deletion of conversations: all their rows in `desk.db`, and their checkpoints in `graph.db`.

A long conversation is deleted a few runs at a time, so that answers under way do not wait for the disk.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from backend.auth.audit import AuditEntry
from backend.storage.checkpoints import CheckpointStore
from backend.storage.sql.audit import record_entry
from knowledge.storage.database import Database

_RUNS_AT_ONCE = 20
# Tables with a run's rows, in an order that never violates a foreign key.
_OF_RUNS = ("feedback", "steps", "events", "handovers", "messages")


class _DeletionPart(NamedTuple):
    deleted: Counter[str]
    whole: bool


class ConversationDeletion:
    """The deletion of conversations; callers must ensure that no run begins in them meanwhile."""

    def __init__(self, database: Database, memory: CheckpointStore) -> None:
        self._database = database
        self._memory = memory

    async def conversation(
        self, thread_id: str, *, keep_figures: bool = False, entry: AuditEntry | None = None
    ) -> Counter[str]:
        """Delete every trace of a conversation, and return the number of rows by table.

        With `keep_figures`, the rows without text that `/api/activity` sums up stay. `entry` is for the audit log.
        """
        # First, because a crash in between leaves a conversation that can be deleted again, not orphaned checkpoints.
        await self._memory.adelete_thread(thread_id)
        deleted: Counter[str] = Counter()
        while True:
            part = await self._database.write(lambda db: _delete_part(db, thread_id, keep_figures, entry), erasing=True)
            deleted += part.deleted
            if part.whole:
                return deleted

    async def runs(self, run_ids: Sequence[str], *, keep_figures: bool = False) -> Counter[str]:
        """Delete some runs but not their conversations, and return the number of rows by table."""
        deleted: Counter[str] = Counter()
        for start in range(0, len(run_ids), _RUNS_AT_ONCE):
            some = run_ids[start : start + _RUNS_AT_ONCE]
            deleted += await self._database.write(
                lambda db, some=some: delete_runs(db, some, keep_figures),  # type: ignore[misc]
                erasing=True,
            )
        return deleted


def delete_runs(db: sqlite3.Connection, run_ids: Sequence[str], keep_figures: bool) -> Counter[str]:
    """Delete runs with all that belongs to them, and return the number of rows by table."""
    tables = _OF_RUNS if keep_figures else (*_OF_RUNS, "activity")
    marks = ",".join("?" * len(run_ids))
    deleted = {
        table: db.execute(f"DELETE FROM {table} WHERE run_id IN ({marks})", tuple(run_ids)).rowcount for table in tables
    }
    deleted["runs"] = db.execute(f"DELETE FROM runs WHERE id IN ({marks})", tuple(run_ids)).rowcount
    return Counter(deleted)


def _delete_part(db: sqlite3.Connection, thread_id: str, keep_figures: bool, entry: AuditEntry | None) -> _DeletionPart:
    """Delete the oldest runs of a conversation, and with the last of them the conversation itself."""
    rows = db.execute("SELECT id FROM runs WHERE thread_id = ? ORDER BY rowid LIMIT ?", (thread_id, _RUNS_AT_ONCE))
    run_ids = [row["id"] for row in rows]
    deleted = delete_runs(db, run_ids, keep_figures)
    if len(run_ids) == _RUNS_AT_ONCE:
        return _DeletionPart(deleted, whole=False)
    for table in ("handovers", "messages"):
        deleted[table] += db.execute(f"DELETE FROM {table} WHERE thread_id = ?", (thread_id,)).rowcount
    deleted["threads"] += db.execute("DELETE FROM threads WHERE id = ?", (thread_id,)).rowcount
    if entry and deleted["threads"]:
        record_entry(db, entry)
    return _DeletionPart(deleted, whole=True)
