"""The store of what was said before in a conversation with a model."""

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class CompletionTurn:
    """A turn of a conversation with a model: its request as JSON, and what was answered, if anything."""

    request: str | None
    answer: str | None
    data: dict[str, Any]


class CompletionStore(Protocol):
    """A store of the turns of conversations with a model."""

    async def earlier_turns(self, thread_id: str, run_id: str, most: int) -> list[CompletionTurn]:
        """Return the last turns before a run of a conversation, the oldest first."""
        ...

    async def last_instructions(self, thread_id: str, run_id: str) -> str | None:
        """Return the request of the last turn before a run that has given instructions, a system prompt."""
        ...
