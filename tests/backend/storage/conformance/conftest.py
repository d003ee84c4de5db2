"""The stores under test, over each database that there is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.storage.sql import migrations
from backend.storage.stores import Stores, sql_stores
from knowledge.storage.database import Database
from knowledge.storage.sqlite import SqliteDatabase


@pytest.fixture(params=["sqlite"])
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS)
    yield opened
    await opened.close()


@pytest.fixture
def stores(database: Database) -> Stores:
    return sql_stores(database)
