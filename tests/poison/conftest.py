"""One library for all attacks: everybody's honest documents, and owners each of whom has one attack on each subject."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge.library import Library
from knowledge.storage.documents import DocumentKey
from tests.poison.attacks import ATTACKS, OWNERS


async def _poisoned(data: Path) -> Library:
    library = await Library.open(data)
    brought = [
        library.put(
            DocumentKey(attack.about.folder, "poison", f"{attack.name}/{name}", OWNERS[attack.name]), text.encode()
        )
        for attack in ATTACKS
        for name, text in attack.documents().items()
    ]
    # At once, because what comes together is indexed together.
    await asyncio.gather(*brought)
    return library


@pytest.fixture(scope="session")
def poisoned(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Open until the last test is over."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("poison") / "data"))
    library = asyncio.run(_poisoned(data))
    yield library
    asyncio.run(library.close())
