"""Archives are stored whole, in parts, each for its run."""

import pytest

from backend.storage.stores import Stores

LARGE = bytes(range(256)) * 10_000


@pytest.mark.parametrize("data", [b"", b"PK", LARGE])
async def test_an_archive_is_returned_as_it_was_stored(stores: Stores, data: bytes) -> None:
    await stores.uploads.save_upload("run", data)
    assert await stores.uploads.read_upload("run") == data


async def test_an_archive_is_that_of_its_run_until_it_is_deleted(stores: Stores) -> None:
    assert await stores.uploads.read_upload("run") is None
    await stores.uploads.save_upload("run", LARGE)
    await stores.uploads.save_upload("other", b"PK")
    for _ in range(2):
        await stores.uploads.delete_upload("run")
        assert await stores.uploads.read_upload("run") is None
    assert await stores.uploads.read_upload("other") == b"PK"


async def test_archives_that_nobody_needs_are_deleted(stores: Stores) -> None:
    for run_id in ("first", "second", "third"):
        await stores.uploads.save_upload(run_id, LARGE)
    await stores.uploads.delete_other_uploads({"second", "unknown"})
    assert [await stores.uploads.read_upload(run_id) for run_id in ("first", "second", "third")] == [None, LARGE, None]
