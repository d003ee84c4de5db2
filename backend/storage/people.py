"""The stores of what is kept of a person: who has left something, how much, and all of it for a copy."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from backend.storage.threads import StoredMessage, StoredThread

PersonalRecord = dict[str, Any]
"""All the fields of a stored record by name; those of JSON_FIELDS hold JSON text."""

JSON_FIELDS = ("data", "usage", "payload", "request", "before", "after", "sources", "support")


@dataclass(frozen=True)
class UserConversations:
    """The amount of a user's conversations."""

    conversations: int
    runs: int
    handovers: int
    message_bytes: int
    last_active_at: float | None


class PeopleStore(Protocol):
    """A store that knows its users, without any of their text."""

    async def user_names(self) -> list[str]:
        """Return the users of whom anything but keys and audit entries is stored."""
        ...

    async def measure_conversations(self, users: Sequence[str]) -> dict[str, UserConversations]:
        """Measure the conversations of each of the users."""
        ...


class PersonalDataStore(Protocol):
    """A store of all records of a person, of which only a page is in memory at a time.

    Records that are added or deleted while others are read may be among them or not.
    """

    def threads_of(self, user_id: str) -> AsyncIterator[StoredThread]:
        """Yield a user's conversations, oldest first, including soft-deleted ones."""
        ...

    def shown_messages_of(self, thread_id: str) -> AsyncIterator[StoredMessage]:
        """Yield the messages of a conversation as its user sees them."""
        ...

    def messages_of(self, thread_id: str) -> AsyncIterator[PersonalRecord]:
        """Yield all messages of a conversation, including questions that were replaced by others."""
        ...

    def runs_of(self, thread_id: str) -> AsyncIterator[PersonalRecord]:
        """Yield the runs of a conversation in their order."""
        ...

    async def steps_of(self, run_id: str) -> list[PersonalRecord]:
        """Return the steps of a run in their order."""
        ...

    async def ratings_of(self, run_id: str) -> list[PersonalRecord]:
        """Return the feedback on a run."""
        ...

    def events_of(self, run_id: str) -> AsyncIterator[PersonalRecord]:
        """Yield the payloads of a run's events in their order."""
        ...

    def handovers_of(self, user_id: str) -> AsyncIterator[PersonalRecord]:
        """Yield a user's requests for a person in their order."""
        ...

    def spending_of(self, user_id: str) -> AsyncIterator[PersonalRecord]:
        """Yield what a user has spent, day by day."""
        ...

    def cached_answers_of(self, user_id: str) -> AsyncIterator[PersonalRecord]:
        """Yield the cached answers to a user's questions in their order."""
        ...

    def figures_of(self, user_id: str) -> AsyncIterator[PersonalRecord]:
        """Yield the figures of a user's runs, day by day."""
        ...

    def audit_entries_of(self, user_id: str) -> AsyncIterator[PersonalRecord]:
        """Yield the audit entries of what a user did, and of what others did with the user's data and keys.

        Actions of others are listed without their address and key, and without the hash, by which these could be
        guessed. Changed values are left out unless they concern the person: an agent's prompt is not its operator's
        data.
        """
        ...
