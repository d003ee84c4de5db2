"""Two versions of a document at once: the later one is stored, whichever would be done first."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from knowledge.embedding.embedder import Vectors
from knowledge.errors import DocumentSuperseded, DocumentUnreadable
from knowledge.ingestion.ingest import ingest
from knowledge.library import Library
from knowledge.storage.documents import DocumentKey

KEY = DocumentKey("billing", "upload", "prices.md")
OTHER = DocumentKey("billing", "upload", "fees.md")


@pytest_asyncio.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    library = await Library.open(tmp_path)
    yield library
    await library.close()


@pytest.fixture
def embedding(library: Library, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set when a document that speaks of waiting is being embedded, which takes until it is cancelled."""
    begun, embed = asyncio.Event(), library.embedder.embed_documents

    async def embed_or_wait(texts: Sequence[str], owner: str = "", **_: object) -> Vectors:
        if any("waiting" in text for text in texts):
            begun.set()
            await asyncio.Event().wait()
        return await embed(texts, owner)

    monkeypatch.setattr(library.embedder, "embed_documents", embed_or_wait)
    return begun


async def test_a_later_version_takes_the_place_of_one_that_is_being_embedded(
    library: Library, embedding: asyncio.Event
) -> None:
    earlier = asyncio.create_task(library.put(KEY, b"# Prices\n\nPrices are waiting.\n"))
    await embedding.wait()
    later = await library.put(KEY, b"# Prices\n\nIt costs 5 USD.\n")
    with pytest.raises(DocumentSuperseded, match="a newer version of this document"):
        await earlier
    assert later.version == 1
    assert "5 USD" in (await library.whole(later.id)).markdown


async def test_another_document_changes_nothing(library: Library, embedding: asyncio.Event) -> None:
    waiting = asyncio.create_task(library.put(KEY, b"# Prices\n\nPrices are waiting.\n"))
    await embedding.wait()
    await library.put(OTHER, b"# Fees\n\nThere are none.\n")
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert [info.path for info in await library.listing()] == ["fees.md"]


async def test_a_version_after_one_that_failed_is_stored(library: Library, embedding: asyncio.Event) -> None:
    waiting = asyncio.create_task(library.put(KEY, b"# Prices\n\nPrices are waiting.\n"))
    await embedding.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await library.put(KEY, b"# Prices\n\nIt costs 5 USD.\n")).version == 1


async def test_a_later_version_that_cannot_be_read_takes_nobodys_place(
    library: Library, embedding: asyncio.Event
) -> None:
    earlier = asyncio.create_task(library.put(KEY, b"# Prices\n\nPrices are waiting.\n"))
    await embedding.wait()
    with pytest.raises(DocumentUnreadable):
        await library.put(KEY, b"\xff\xfa")
    assert not earlier.done()
    earlier.cancel()
    with pytest.raises(asyncio.CancelledError):
        await earlier


async def test_an_ingestion_goes_on_where_somebody_else_brings_a_newer_version(
    library: Library, embedding: asyncio.Event, tmp_path: Path
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "prices.md").write_text("# Prices\n\nPrices are waiting.\n")
    (tmp_path / "docs" / "fees.md").write_text("# Fees\n\nThere are none.\n")
    running = asyncio.create_task(ingest(tmp_path / "docs", "billing", library))
    await embedding.wait()
    await library.put(DocumentKey("billing", str((tmp_path / "docs").resolve()), "prices.md"), b"# Prices\n\n5 USD.\n")
    report = await running
    assert (report.added, report.failed) == (["fees.md"], {})
    assert {info.path for info in await library.listing()} == {"fees.md", "prices.md"}
