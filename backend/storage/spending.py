"""The spending of each user by day, in SQL; days are those of UTC."""

import sqlite3
from datetime import UTC, datetime

from frontdesk.contracts.events import Spent


def day_of(now: float) -> str:
    """Return the day that a moment belongs to."""
    return datetime.fromtimestamp(now, UTC).date().isoformat()


def add(db: sqlite3.Connection, user_id: str, spent: Spent, now: float) -> None:
    """Add to what a user has spent on the day of that moment."""
    db.execute(
        """INSERT INTO spending VALUES (?, ?, ?, ?)
           ON CONFLICT (user_id, day) DO UPDATE SET
           tokens = tokens + excluded.tokens, cost_usd = cost_usd + excluded.cost_usd""",
        (user_id, day_of(now), spent.usage.total, spent.cost_usd),
    )


def delete(db: sqlite3.Connection, user_id: str, before: float) -> int:
    """Delete the spending of a user before the day of that moment; return how many days that were."""
    return db.execute("DELETE FROM spending WHERE user_id = ? AND day < ?", (user_id, day_of(before))).rowcount


def of_day(db: sqlite3.Connection, user_id: str, now: float) -> tuple[int, float]:
    """Return the tokens and dollars of a user on the day of that moment."""
    row = db.execute(
        "SELECT tokens, cost_usd FROM spending WHERE user_id = ? AND day = ?", (user_id, day_of(now))
    ).fetchone()
    return (row["tokens"], row["cost_usd"]) if row else (0, 0.0)
