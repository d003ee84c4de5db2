"""Daily budgets: the possible cost of a question is reserved before any provider is called, and settled afterwards.

A reservation lasts as long as its run. A run that outlives its process reserves again at the next start.
"""

import asyncio
import math
from collections import defaultdict
from functools import reduce
from operator import add
from weakref import WeakValueDictionary

from agents.models.allowance import Expense
from backend.errors import BudgetSpent
from backend.limits.clock import DeskClock
from backend.storage.spending import SpendingStore

_DAY_SECONDS = 86_400
_BUSY_SECONDS = 2


class DailyBudget:
    """The budget of each user per UTC day, with the open reservations."""

    def __init__(self, tokens: int, usd: float, spending: SpendingStore, clock: DeskClock) -> None:
        self.limited = bool(tokens or usd)
        self._tokens = tokens or math.inf
        self._usd = usd or math.inf
        self._spending = spending
        self._clock = clock
        self._open: defaultdict[str, set[Reservation]] = defaultdict(set)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def reserve(self, user_id: str, share: Expense | None) -> "Reservation | None":
        """Reserve the minimum cost of a question, or raise `BudgetSpent`; a share of None costs nothing."""
        if not self.limited:
            return None
        reservation = Reservation(self, user_id)
        if share:
            await reservation.reserve_share(share)
            reservation.settle_share(share, Expense())
        return reservation

    def resume(self, user_id: str, share: Expense | None) -> "Reservation | None":
        """Reserve for a question that an earlier process admitted, without a check."""
        if not self.limited:
            return None
        reservation = Reservation(self, user_id)
        self.hold_share(reservation, share or Expense())
        return reservation

    def hold_share(self, reservation: "Reservation", share: Expense) -> None:
        """Set the amount of a reservation and count it as open."""
        reservation.held = share
        self._open[reservation.user_id].add(reservation)

    def release(self, reservation: "Reservation") -> None:
        """Release a reservation."""
        self._open[reservation.user_id].discard(reservation)
        if not self._open[reservation.user_id]:
            del self._open[reservation.user_id]

    async def cover_reservation(self, reservation: "Reservation") -> None:
        """Raise a reservation to what its question is about to take, or raise `BudgetSpent` if that is not left."""
        user = reservation.user_id
        async with self._locks.setdefault(user, asyncio.Lock()):
            wanted = reservation.held.at_least(reservation.taken)
            if not wanted - reservation.held:
                return
            # Read before the spending: a run that ends meanwhile counts twice rather than not at all.
            others = self._open.get(user, set()) - {reservation}
            held = reduce(add, (other.held for other in others), Expense())
            now = self._clock.now()
            spent = Expense(*await self._spending.spent_on_day(user, now))
            self._check_limits(spent, held, wanted, math.ceil(_DAY_SECONDS - now % _DAY_SECONDS))
            self.hold_share(reservation, reservation.held.at_least(wanted))

    def _check_limits(self, spent: Expense, held: Expense, wanted: Expense, wait: int) -> None:
        if self._exceeds_limits(spent + Expense(1, 1e-12)):
            raise BudgetSpent(
                f"Today's budget is spent ({self._describe_spent(spent)}); it begins anew at 00:00 UTC.", wait
            )
        if self._exceeds_limits(spent + wanted):
            of_tokens = spent.tokens + wanted.tokens > self._tokens
            needed = f"{wanted.tokens:,} tokens" if of_tokens else f"{wanted.usd:.4f} USD"
            raise BudgetSpent(
                f"What is left of today's budget ({self._describe_spent(spent)} are spent) is less than this may take "
                f"({needed}); ask something shorter, or again after 00:00 UTC.",
                wait,
            )
        if self._exceeds_limits(spent + held + wanted):
            raise BudgetSpent(
                "Your answers under way may spend what is left of today's budget; wait for them.", _BUSY_SECONDS
            )

    def _exceeds_limits(self, share: Expense) -> bool:
        return share.tokens > self._tokens or share.usd > self._usd

    def _describe_spent(self, spent: Expense) -> str:
        parts = []
        if self._tokens != math.inf:
            parts.append(f"{spent.tokens:,} of {self._tokens:,} tokens")
        if self._usd != math.inf:
            parts.append(f"{spent.usd:.4f} of {self._usd:.4f} USD")
        return ", ".join(parts)


class Reservation:
    """The reserved cost of one question: an `agents.models.allowance.Allowance`."""

    def __init__(self, budget: DailyBudget, user_id: str) -> None:
        self.user_id = user_id
        self.held = Expense()
        self.taken = Expense()
        self._budget = budget

    async def reserve_share(self, share: Expense) -> None:
        """Take a call's share, raising the reservation if the budget permits, or else `BudgetSpent`."""
        self.taken += share
        try:
            await self._budget.cover_reservation(self)
        except BaseException:
            self.taken -= share
            raise

    def settle_share(self, taken: Expense, spent: Expense) -> None:
        """Replace a finished call's share by its actual cost; any excess counts at once."""
        self.taken += spent - taken
        self.held = self.held.at_least(self.taken)

    def release(self) -> None:
        """Release the reservation once the cost of the question is stored, or if it was not asked."""
        self._budget.release(self)
