"""Admission control of runs: a cap for the whole desk, a rate limit and a daily budget for each user."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agents.models.allowance import Expense
from backend.errors import TooManyRuns
from backend.limits.budget import DailyBudget, Reservation
from backend.limits.clock import DeskClock
from backend.limits.rates import Limit, RateLimits
from backend.runs.queue import RunQueue
from backend.settings import Settings
from backend.storage.spending import SpendingStore

_BUSY_SECONDS = 2


class RunAdmission:
    """The admission check of every question, before anything is stored and before any provider is called."""

    def __init__(self, settings: Settings, spending: SpendingStore, lanes: RunQueue, clock: DeskClock) -> None:
        self._settings = settings
        self._lanes = lanes
        self.budget = DailyBudget(settings.daily_tokens, settings.daily_usd, spending, clock)
        self.rates = RateLimits(settings, clock.elapsed)
        self._entering: Counter[str] = Counter()

    @asynccontextmanager
    async def admitted(self, user_id: str, cost: Expense | None = None) -> AsyncIterator[Reservation | None]:
        """Admit a user's question that costs at least `cost`, or refuse it; None costs nothing.

        Inside the block the question counts as under way. The caller releases the reservation, unless the block fails.
        """
        under_way = len(self._lanes) + self._entering.total()
        if under_way >= self._settings.max_runs:
            raise TooManyRuns(
                f"The desk is answering {under_way} questions already; ask again in a moment.", _BUSY_SECONDS
            )
        before = self._lanes.of_user(user_id) + self._entering[user_id]
        if self._settings.api_keys.get_secret_value() and before >= self._settings.max_user_runs:
            raise TooManyRuns(
                f"The desk is answering {before} of your questions; wait for some of them.", _BUSY_SECONDS
            )
        self._entering[user_id] += 1
        reservation = None
        try:
            await self.check_rate(user_id)
            reservation = await self.budget.reserve(user_id, cost)
            yield reservation
        except BaseException:
            if reservation:
                reservation.release()
            raise
        finally:
            self._entering[user_id] -= 1
            self._entering += Counter()  # drops the users who have none

    async def check_rate(self, who: str, limit: Limit = "questions") -> None:
        """Count this call against a rate limit, and refuse it where the limit is exceeded."""
        self.rates.check(limit, who)
