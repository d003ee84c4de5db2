"""One library for all tests of the agents: what the model has embedded once it need not embed again."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from knowledge.library import Library


@pytest.fixture(scope="session")
def shared_library(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The small set, open until the last test is over."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("agents") / "data"))
    opened = asyncio.run(Library.open(data))
    yield opened
    asyncio.run(opened.close())


@pytest.fixture
async def library(shared_library: Library) -> AsyncIterator[Library]:
    """The small set; what a test adds to it is removed after the test."""
    before = {info.id for info in await shared_library.everything()}
    yield shared_library
    for info in await shared_library.everything():
        if info.id not in before:
            await shared_library.remove(info.id, owner=info.owner)
