"""The store of conversations and their messages."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from backend.auth.audit import AuditEntry
from backend.storage.runs import see_also_in

Status = Literal["active", "deleted", "all"]


@dataclass(frozen=True)
class StoredThread:
    """A conversation of one user with one agent, or with the supervisor."""

    id: str
    user_id: str
    agent_id: str
    session_id: str
    title: str
    created_at: float
    updated_at: float
    deleted_at: float | None


@dataclass(frozen=True)
class ListedThread(StoredThread):
    """A conversation with the number of its messages."""

    messages: int


@dataclass(frozen=True)
class ThreadFilter:
    """A filter for the conversations of one user."""

    user_id: str
    status: Status = "active"
    agent_id: str | None = None
    search: str | None = None
    session_prefix: str | None = None
    session_id: str | None = None


@dataclass(frozen=True)
class MessageFeedback:
    """The rating of an answer, and the reason given for it."""

    rating: str
    comment: str


@dataclass(frozen=True)
class StoredMessage:
    """A message with the outcome of its run; `data` is the metadata that is kept with an answer."""

    id: str
    run_id: str
    role: str
    content: str
    created_at: float
    status: str
    finish_reason: str | None
    error_code: str | None
    cost_usd: float | None
    tokens: int | None
    time: float | None
    feedback: MessageFeedback | None
    data: dict[str, Any]

    def as_fields(self) -> dict[str, Any]:
        """Return the message as it is shown and exported: its metadata stand beside its own fields."""
        fields = {name: value for name, value in vars(self).items() if name != "data"}
        fields |= {"feedback": vars(self.feedback) if self.feedback else None, **self.data}
        if "see_also" in self.data:
            fields["see_also"] = [section.model_dump() for section in see_also_in(self.data)]
        return fields


class ThreadStore(Protocol):
    """A store of conversations. Whatever names a user finds nothing of another user's."""

    async def get(self, user_id: str, thread_id: str) -> StoredThread | None:
        """Return a conversation of that user, soft-deleted or not."""
        ...

    async def thread_of_session(self, user_id: str, agent_id: str, session_id: str) -> str | None:
        """Return the id of a session's conversation, if it has begun and is not soft-deleted."""
        ...

    async def list_threads(self, wanted: ThreadFilter, limit: int, offset: int) -> tuple[int, list[ListedThread]]:
        """Count the matching conversations and return a page of them, last used first."""
        ...

    async def read_history(self, thread_id: str, limit: int, offset: int) -> tuple[int, list[StoredMessage]]:
        """Count the messages of a conversation and return a page of them, each answer behind its own question.

        Nothing of a run that another has replaced is counted or returned.
        """
        ...

    async def all_messages(self, thread_id: str) -> list[StoredMessage]:
        """Return all messages of a conversation, as `read_history` does."""
        ...

    async def rename(self, user_id: str, thread_id: str, title: str) -> None:
        """Rename a conversation without moving it to the top."""
        ...

    async def put_away(self, user_id: str, thread_id: str, entry: AuditEntry) -> None:
        """Soft-delete a conversation: it is not listed any more, and its session begins anew."""
        ...

    async def restore(self, user_id: str, thread_id: str, entry: AuditEntry) -> None:
        """Restore a soft-deleted conversation; the entry is written only if it was deleted.

        Raise `ThreadUnknown`, or `SessionTaken` if its session has begun another conversation meanwhile.
        """
        ...
