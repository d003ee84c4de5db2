"""The hard deletion of conversations: all that the desk stores of them, and their checkpoints.

A long conversation is deleted a few runs at a time, so that answers under way do not wait for the disk.
"""

from collections import Counter
from collections.abc import Sequence

from backend.auth.audit import AuditEntry
from backend.storage.deletion import RUNS_AT_ONCE, DeletionStore
from backend.storage.sql.checkpoints import CheckpointStore


class ConversationDeletion:
    """The deletion of conversations; callers must ensure that no run begins in them meanwhile."""

    def __init__(self, store: DeletionStore, memory: CheckpointStore) -> None:
        self._store = store
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
            part = await self._store.delete_thread_part(thread_id, keep_figures=keep_figures, entry=entry)
            deleted += part.deleted
            if part.whole:
                return deleted

    async def runs(self, run_ids: Sequence[str], *, keep_figures: bool = False) -> Counter[str]:
        """Delete some runs but not their conversations, and return the number of rows by table."""
        deleted: Counter[str] = Counter()
        for start in range(0, len(run_ids), RUNS_AT_ONCE):
            some = run_ids[start : start + RUNS_AT_ONCE]
            deleted += await self._store.delete_runs(some, keep_figures=keep_figures)
        return deleted
