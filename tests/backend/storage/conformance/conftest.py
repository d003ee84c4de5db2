"""The stores of each backend that there is; a new backend is added to `BACKENDS`."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from backend.storage.sql import migrations
from backend.storage.stores import Stores, sql_stores
from knowledge.storage.database import Connection
from knowledge.storage.sqlite import SqliteDatabase
from tests.backend.storage.conformance.backends import OpenBackend


@asynccontextmanager
async def _sqlite(directory: Path) -> AsyncIterator[OpenBackend]:
    database = SqliteDatabase(directory / "desk.db", migrations.MIGRATIONS)

    def actions(db: Connection) -> list[str]:
        return [row["action"] for row in db.execute("SELECT action FROM audit ORDER BY place")]

    yield OpenBackend(sql_stores(database), lambda: database.read(actions))
    await database.close()


BACKENDS: dict[str, Callable[[Path], AbstractAsyncContextManager[OpenBackend]]] = {"sqlite": _sqlite}


@pytest.fixture(params=list(BACKENDS))
async def opened(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OpenBackend]:
    async with BACKENDS[request.param](tmp_path) as backend:
        yield backend


@pytest.fixture
def stores(opened: OpenBackend) -> Stores:
    """Empty stores."""
    return opened.stores
