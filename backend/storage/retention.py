"""The store of what retention needs: what is outdated, and the last check of the clock."""

from typing import NamedTuple, Protocol


class LastUse(NamedTuple):
    """The time when a conversation was last used."""

    at: float
    thread_id: str


class ClockCheck(NamedTuple):
    """The time that was last trusted, and for how long the server must still run before it trusts a doubted clock."""

    trusted_at: float
    doubt_seconds: float | None = None


class RetentionStore(Protocol):
    """A store that finds what is outdated, a page at a time. A run without an end keeps its conversation."""

    async def outdated_threads(self, before: float, after: LastUse, limit: int) -> list[LastUse]:
        """Return the conversations last used before a time, oldest first, after the last one already examined."""
        ...

    async def is_outdated(self, thread_id: str, before: float) -> bool:
        """Tell whether a conversation was last used before a time, and has no run under way."""
        ...

    async def outdated_runs(self, agent_id: str, before: float, limit: int) -> list[str]:
        """Return runs of an agent that ended before a time."""
        ...

    async def delete_outdated_handovers(self, before: float, limit: int) -> int:
        """Delete outdated handovers outside of conversations for good; return how many those were.

        Their age counts from their resolution, or else from their creation.
        """
        ...

    async def last_clock_check(self) -> ClockCheck | None:
        """Return the last check, before the first one the time of the newest stored row; None if there is none.

        The desk's own audit entries do not count: a restore today brings back old data.
        """
        ...

    async def store_clock_check(self, check: ClockCheck) -> None:
        """Replace the last check of the clock."""
        ...
