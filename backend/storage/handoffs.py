"""The store of requests for a person, of ratings, and of the questions that no document answered."""

from dataclasses import dataclass
from typing import Protocol

from backend.auth.audit import AuditEntry
from backend.storage.threads import StoredMessage


@dataclass(frozen=True)
class HandoffRequest:
    """A user's request for a person, in a conversation or outside of any, and how the user is reached."""

    user_id: str
    thread_id: str | None
    contact: str
    message: str


@dataclass(frozen=True)
class StoredHandoff:
    """A handoff to a person: offered by an answer, or requested by a user, who then leaves a contact.

    `last_message` is the place of the last message before the resolution.
    """

    id: str
    run_id: str | None
    thread_id: str | None
    user_id: str
    agent_id: str | None
    cause: str
    reason: str
    summary: str
    created_at: float
    resolved_at: float | None
    resolved_by: str | None
    note: str | None
    contact: str | None
    message: str | None
    last_message: int | None


@dataclass(frozen=True)
class UnansweredQuestion:
    """A question that no document answered, as it was asked last, and how often it was asked.

    `hedged` is how often the nearest that was found was shown.
    """

    question: str
    agent: str | None
    times: int
    hedged: int
    last_asked_at: float
    run_id: str


class HandoffStore(Protocol):
    """A store of handoffs and ratings. The handoffs that answers offer are stored with the events of their runs."""

    async def get(self, handoff_id: str) -> StoredHandoff | None:
        """Return a handoff by its id, whoever waits."""
        ...

    async def list_handoffs(
        self, user_id: str | None, resolved: bool | None, limit: int, offset: int
    ) -> tuple[int, list[StoredHandoff]]:
        """Count the handoffs of one user, or everybody's, and return a page of them, the longest waiting first."""
        ...

    async def request_person(self, wish: HandoffRequest) -> str:
        """Store a request for a person and return its id; an open offer of the same conversation is taken up."""
        ...

    async def read_transcript(self, handoff: StoredHandoff, reader: str) -> list[StoredMessage] | None:
        """Return the messages that `reader` may see; None for another user's conversation that asked for no person.

        Readers other than its user see it up to the resolution, by the messages' order, since a clock may be set back.
        """
        ...

    async def resolve(self, handoff_id: str, user_id: str, note: str, entry: AuditEntry) -> bool:
        """Mark a handoff as resolved; return False and write no entry if somebody had done so before."""
        ...

    async def rate_answer(self, run_id: str, rating: str, comment: str) -> None:
        """Store the rating of an answer, also in its figures, in place of any earlier one."""
        ...

    async def unanswered(self, since: float, limit: int) -> list[UnansweredQuestion]:
        """Return the questions that the documents did not answer, those asked most often first."""
        ...
