"""The store of deletions: conversations, runs, and the marks of removals of a person's data that are under way."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from backend.auth.audit import Actor, AuditEntry

RUNS_AT_ONCE = 20

RemovalPart = Literal["everything", "conversations", "documents"]


@dataclass(frozen=True)
class DeletedPart:
    """The number of rows deleted by table, and whether that was the last of them."""

    deleted: Counter[str]
    whole: bool


@dataclass(frozen=True)
class RemovalMark:
    """The mark of a removal under way, which stays until all of it is done."""

    user_id: str
    part: RemovalPart
    actor: Actor


class DeletionStore(Protocol):
    """A store that deletes for good: deleted data leaves its files and logs too.

    Each call is one short transaction, so that answers under way do not wait for a long conversation's deletion.
    """

    async def delete_thread_part(
        self, thread_id: str, *, keep_figures: bool, entry: AuditEntry | None = None
    ) -> DeletedPart:
        """Delete up to RUNS_AT_ONCE of the oldest runs of a conversation, and with the last of them the conversation.

        With `keep_figures`, the rows without text that `/api/activity` sums up stay. `entry` is recorded with the
        conversation's own deletion.
        """
        ...

    async def delete_runs(self, run_ids: Sequence[str], *, keep_figures: bool) -> Counter[str]:
        """Delete runs with all that belongs to them, and return the number of rows by table."""
        ...

    async def threads_of(self, user_id: str) -> list[str]:
        """Return all of a user's conversations, including archived ones, those of direct model calls and of indexing.

        Those whose first question is being stored at this moment are among them.
        """
        ...

    async def mark_removal(self, mark: RemovalMark) -> None:
        """Store the mark of a removal; the mark of a failed one stays, with its first actor."""
        ...

    async def removal_marks(self) -> list[RemovalMark]:
        """Return the marks of all removals that are not done, oldest first."""
        ...

    async def finish_removal(self, mark: RemovalMark, deleted: Counter[str]) -> Counter[str]:
        """Delete what the person has outside of conversations, record all that was deleted, and drop the mark.

        All of it happens or none. Return the number of rows deleted here by table.
        """
        ...
