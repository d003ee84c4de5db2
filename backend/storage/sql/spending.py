"""The spending of each user by day, in SQL."""

from backend.storage.spending import DaySpending, day_of
from frontdesk.contracts.events import Spent
from knowledge.storage.database import Connection, Database


class SqlSpendingStore:
    """The SQL implementation of `SpendingStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_spending(self, user_id: str, spent: Spent, now: float) -> None:
        await self._database.write(lambda db: add_spending(db, user_id, spent, now))

    async def spent_on_day(self, user_id: str, now: float) -> DaySpending:
        return await self._database.read(lambda db: _spent_on_day(db, user_id, now))


def add_spending(db: Connection, user_id: str, spent: Spent, now: float) -> None:
    """Add to what a user has spent on the day of that moment."""
    db.execute(
        """INSERT INTO spending (user_id, day, tokens, cost_usd) VALUES (?, ?, ?, ?)
           ON CONFLICT (user_id, day) DO UPDATE SET
           tokens = spending.tokens + excluded.tokens, cost_usd = spending.cost_usd + excluded.cost_usd""",
        (user_id, day_of(now), spent.usage.total, spent.cost_usd),
    )


def delete_spending(db: Connection, user_id: str, before: float) -> int:
    """Delete the spending of a user before the day of that moment; return how many days that were."""
    return db.execute("DELETE FROM spending WHERE user_id = ? AND day < ?", (user_id, day_of(before))).rowcount


def _spent_on_day(db: Connection, user_id: str, now: float) -> DaySpending:
    row = db.execute(
        "SELECT tokens, cost_usd FROM spending WHERE user_id = ? AND day = ?", (user_id, day_of(now))
    ).fetchone()
    return DaySpending(row["tokens"], row["cost_usd"]) if row else DaySpending(0, 0.0)
