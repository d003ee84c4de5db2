"""Whether a user may ask now: a cap for the whole desk, a rate and a daily budget for each user."""

import math
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agents.events import Usage
from agents.models.names import parse_chain
from agents.models.prices import cost_of
from backend import spending
from backend.errors import BudgetSpent, TooManyRuns
from backend.lanes import Lanes
from backend.limits.clock import Clock
from backend.rates import Limit, Rates
from backend.settings import Settings
from knowledge.database import Database

_BUSY_SECONDS = 2


class Admission:
    """Asked before anything is stored and before any provider is called."""

    def __init__(self, settings: Settings, database: Database, lanes: Lanes, clock: Clock) -> None:
        self._settings = settings
        self._database = database
        self._lanes = lanes
        self._clock = clock
        self.rates = Rates(settings, clock.elapsed)
        self._one_answer_usd = _most_usd(settings)
        self._entering: Counter[str] = Counter()

    @asynccontextmanager
    async def admitted(self, user_id: str) -> AsyncIterator[None]:
        """Entered where the user may ask. Until it is left the question counts as one that is under way."""
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
        try:
            await self.check_rate(user_id)
            await self._check_budget(user_id, before)
            yield
        finally:
            self._entering[user_id] -= 1
            self._entering += Counter()  # forgets who has none

    async def check_rate(self, who: str, limit: Limit = "questions") -> None:
        """Refuse whoever comes too often; each call counts."""
        self.rates.check(limit, who)

    async def _check_budget(self, user_id: str, under_way: int) -> None:
        most_tokens, most_usd = self._settings.daily_tokens, self._settings.daily_usd
        if not (most_tokens or most_usd):
            return
        now = self._clock.now()
        tokens, usd = await self._database.read(lambda db: spending.of_day(db, user_id, now))
        wait = math.ceil(_DAY_SECONDS - now % _DAY_SECONDS)
        if most_tokens and tokens >= most_tokens:
            spent = f"{tokens:,} of {most_tokens:,} tokens"
            raise BudgetSpent(f"Today's budget is spent ({spent}); it begins anew at 00:00 UTC.", wait)
        if most_usd and usd >= most_usd:
            spent = f"{usd:.4f} of {most_usd:.4f} USD"
            raise BudgetSpent(f"Today's budget is spent ({spent}); it begins anew at 00:00 UTC.", wait)
        # What is under way is not counted yet; each run will take at least about as much as it may write.
        tokens += under_way * self._settings.model_max_tokens
        usd += under_way * self._one_answer_usd
        if (most_tokens and tokens >= most_tokens) or (most_usd and usd >= most_usd):
            raise BudgetSpent(
                f"The {under_way} answers under way may spend what is left of today's budget; wait for them.",
                _BUSY_SECONDS,
            )


_DAY_SECONDS = 86_400


def _most_usd(settings: Settings) -> float:
    """What the longest answer costs to write, by the dearest model of the usual chain."""
    written = Usage(completion=settings.model_max_tokens, total=settings.model_max_tokens)
    return max(cost_of(name, written) for name in parse_chain(settings.worker_model))
