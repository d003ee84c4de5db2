"""The store of what each user has spent by day; days are those of UTC."""

from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from frontdesk.contracts.events import Spent


class DaySpending(NamedTuple):
    """The tokens and dollars that a user has spent on a day."""

    tokens: int
    usd: float


class SpendingStore(Protocol):
    """A store of spending. What runs cost is added with their ends."""

    async def add_spending(self, user_id: str, spent: Spent, now: float) -> None:
        """Add to what a user has spent on the day of that moment."""
        ...

    async def spent_on_day(self, user_id: str, now: float) -> DaySpending:
        """Return what a user has spent on the day of that moment."""
        ...


def day_of(now: float) -> str:
    """Return the day that a moment belongs to."""
    return datetime.fromtimestamp(now, UTC).date().isoformat()
