"""What the tests of this folder share: documents on disk, and what a library holds of them."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from knowledge.library import Library
from knowledge.retrieval.search import Searcher


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Files below a directory, which is returned."""
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def packed(members: Mapping[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive in memory."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


async def paths(library: Library, folder: str) -> list[str]:
    """The documents of a folder."""
    return [info.path for info in await library.listing(folder)]


async def texts(library: Library, folder: str, question: str) -> list[str]:
    """The passages that a question finds, best first."""
    found = await Searcher(library).search(question, folder)
    return [passage.chunk.text for passage in found.passages]


async def check_level(library: Library) -> dict[str, int]:
    """SQL and Chroma hold equally many passages of every place, and nothing waits to be told. Everybody's by folder."""
    stored = await library.stores.documents.chunk_counts()
    assert await library.index.counts() == stored
    assert not (await library.stores.vector_changes.pending_changes(1)).ids
    return {place.folder: count for place, count in stored.items() if not place.owner}
