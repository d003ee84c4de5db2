"""Removed vectors and deleted collections: neither memory nor descriptors nor files grow with them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from chromadb.errors import InternalError

from knowledge.index import chroma_compaction
from knowledge.index.chroma import ChromaIndex
from knowledge.index.chroma_collections import collection_name, open_client
from knowledge.storage import chroma_files
from knowledge.storage.documents import DocumentPlace
from knowledge.storage.vector_changes import VectorChanges
from tests.knowledge.index.conformance.parts import BILLING, TRAVEL, adding, nearest_ids, removing

# More than Chroma keeps in memory before it writes a file.
VERSION = 1_500


@pytest.fixture(autouse=True)
def few_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chroma_compaction, "_MOST_REMOVED", VERSION)


@pytest_asyncio.fixture
async def index(tmp_path: Path) -> AsyncIterator[ChromaIndex]:
    index = ChromaIndex(tmp_path)
    await index.open()
    yield index
    await index.close()


def version_of(number: int) -> dict[int, float]:
    """The chunks of a version of a document, one of them nearest to no degrees."""
    first = 1 + number * VERSION
    return {chunk_id: (chunk_id - first) % 90 for chunk_id in range(first, first + VERSION)}


async def replace_version(index: ChromaIndex, number: int) -> None:
    removed = removing(BILLING, *version_of(number - 1)).removed if number else ()
    assert await index.apply(VectorChanges(adding(BILLING, version_of(number)).added, removed))


def size_of(directory: Path) -> int:
    return sum(file.stat().st_size for file in directory.glob("*/*"))


async def test_a_document_that_is_replaced_again_and_again_takes_no_more_room(
    index: ChromaIndex, tmp_path: Path
) -> None:
    await replace_version(index, 0)
    once = size_of(tmp_path)
    for number in range(1, 9):
        await replace_version(index, number)
        assert await index.counts() == {BILLING: VERSION}
        assert next(iter(version_of(number))) in await nearest_ids(index, [BILLING], 20)
    # The marks of up to two versions, in a file that grows by steps.
    assert 0 < size_of(tmp_path) < 5 * once


async def test_searches_find_everything_while_a_collection_is_copied(
    index: ChromaIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma_compaction, "_COPIED_AT_ONCE", 10)
    await replace_version(index, 0)
    await replace_version(index, 1)
    found = 0
    copying = asyncio.create_task(replace_version(index, 2))
    while not copying.done():
        assert len(await nearest_ids(index, [BILLING])) == 10
        found += 1
    await copying
    assert found > 10
    assert await index.ids(BILLING) == set(version_of(2))


async def test_the_files_of_deleted_collections_are_deleted(index: ChromaIndex, tmp_path: Path) -> None:
    for number in range(3):
        place = DocumentPlace("billing", f"user{number}")
        await index.apply(adding(place, {number + 1: 10}))
        await index.apply(removing(place, number + 1))
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 3
    assert await index.compact()
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


async def test_what_a_killed_process_left_of_a_copy_is_deleted(tmp_path: Path) -> None:
    index = ChromaIndex(tmp_path)
    await index.open()
    await index.apply(adding(BILLING, {1: 10}))
    await index.close()
    client = open_client(tmp_path)
    client.create_collection(collection_name(BILLING) + ".copy", embedding_function=None)
    client.close()
    assert await index_after_start(tmp_path) == {BILLING: 1}


async def index_after_start(directory: Path) -> dict[DocumentPlace, int]:
    index = ChromaIndex(directory)
    assert await index.open()
    counts = await index.counts()
    await index.close()
    return counts


async def test_a_process_that_starts_with_many_removed_vectors_knows_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = ChromaIndex(tmp_path)
    await index.open()
    with monkeypatch.context() as patch:
        patch.setattr(chroma_compaction, "_MOST_REMOVED", 1_000_000)
        for number in range(4):
            await replace_version(index, number)
    await index.close()
    before = size_of(tmp_path)
    index = ChromaIndex(tmp_path)
    assert await index.open()
    assert await index.apply(adding(BILLING, {1_000_000: 0}))
    assert size_of(tmp_path) < before / 2
    assert await index.ids(BILLING) == {*version_of(3), 1_000_000}
    await index.close()


async def test_two_collections_are_copied_at_once(index: ChromaIndex) -> None:
    travel = {chunk_id + 100_000: at for chunk_id, at in version_of(0).items()}
    await index.apply(VectorChanges(added=[*adding(BILLING, version_of(0)).added, *adding(TRAVEL, travel).added]))
    removed = [*removing(BILLING, *list(version_of(0))[1:]).removed, *removing(TRAVEL, *list(travel)[1:]).removed]
    assert await index.apply(VectorChanges(removed=removed))
    more = [*adding(BILLING, version_of(1)).added, *adding(TRAVEL, {200_000: 0}).added]
    assert await index.apply(VectorChanges(added=more, removed=removing(BILLING, *version_of(1)).removed))
    assert await index.counts() == {BILLING: 1, TRAVEL: 2}


async def test_a_copy_that_has_no_room_is_no_failure(
    index: ChromaIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await replace_version(index, 0)
    await replace_version(index, 1)
    with monkeypatch.context() as patch:
        patch.setattr(chroma_compaction, "_COPY_BYTES", 10**15)
        await replace_version(index, 2)
        assert "no room for a copy" in caplog.text
        assert await index.ids(BILLING) == set(version_of(2))
    # It is not tried again for a while, and the index takes changes all the same.
    await replace_version(index, 3)
    assert await index.counts() == {BILLING: VERSION}


async def test_an_index_that_breaks_when_a_copy_replaces_it_is_filled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = ChromaIndex(tmp_path)
    await index.open()
    await replace_version(index, 0)
    await replace_version(index, 1)

    def fail(copy: chroma_compaction.CollectionCopy) -> None:
        raise InternalError("disk I/O error")

    monkeypatch.setattr(chroma_compaction.CollectionCopy, "replace_original", fail)
    removed = removing(BILLING, *version_of(1)).removed
    assert not await index.apply(VectorChanges(adding(BILLING, version_of(2)).added, removed))
    await index.reset()
    assert await index.apply(adding(BILLING, version_of(2)))
    await index.close()


async def test_files_that_cannot_be_listed_stop_nothing(index: ChromaIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(directory: Path) -> frozenset[str]:
        raise chroma_files.UnreadableFile("file is not a database")

    await index.apply(adding(DocumentPlace("billing", "ada"), {1: 10}))
    await index.apply(removing(DocumentPlace("billing", "ada"), 1))
    monkeypatch.setattr(chroma_files, "segments_in_use", fail)
    assert await index.compact()
    assert await index.apply(adding(BILLING, {2: 10}))
