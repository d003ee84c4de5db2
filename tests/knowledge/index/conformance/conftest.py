"""Each index by itself, open and empty."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from knowledge.index.vector_index import VectorIndex
from tests.knowledge.index.conformance.parts import INDEXES


@pytest.fixture(params=INDEXES)
def make_index(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], VectorIndex]:
    """Makes the index of one directory, again and again."""
    return lambda: INDEXES[request.param](tmp_path / "index")


@pytest_asyncio.fixture
async def index(make_index: Callable[[], VectorIndex]) -> AsyncIterator[VectorIndex]:
    index = make_index()
    await index.open()
    yield index
    await index.close()
