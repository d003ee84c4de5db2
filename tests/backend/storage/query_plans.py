"""How SQLite runs the statements that a store reads with."""

import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

from backend.storage.stores import Stores, sql_stores
from knowledge.storage.database import Database, T, Work


class _PlannedDatabase:
    """A database that notes the query plan of each statement of its reads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.damage = database.damage
        self.plans: list[list[str]] = []

    async def write(self, work: Work[T], *, erasing: bool = False) -> T:
        return await self._database.write(work, erasing=erasing)

    async def read(self, work: Work[T], *, long: bool = False) -> T:
        def planned(db: Any) -> T:
            assert isinstance(db, sqlite3.Connection)
            statements: list[str] = []
            db.set_trace_callback(statements.append)
            value = work(db)
            db.set_trace_callback(None)
            for statement in statements:
                self.plans.append([row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")])
            return value

        return await self._database.read(planned, long=long)

    async def close(self) -> None:
        await self._database.close()


async def plans_of(database: Database, read: Callable[[Stores], Awaitable[object]]) -> list[list[str]]:
    """Return the query plan of each statement of a read, line by line."""
    planned = _PlannedDatabase(database)
    await read(sql_stores(planned))
    return planned.plans
