"""An index that is closed and opened again, reset, lost, or not there yet."""

import shutil
from collections.abc import Callable
from pathlib import Path

from knowledge.index.vector_index import VectorIndex
from tests.knowledge.index.conformance.parts import ADAS, BILLING, adding, nearest_ids, removing


async def test_a_new_index_starts_empty(make_index: Callable[[], VectorIndex]) -> None:
    index = make_index()
    assert not await index.open()
    assert await index.counts() == {}
    await index.close()


async def test_what_was_applied_is_there_when_it_is_opened_again(make_index: Callable[[], VectorIndex]) -> None:
    index = make_index()
    await index.open()
    await index.apply(adding(BILLING, {1: 10, 2: 20}))
    await index.apply(adding(ADAS, {3: 5}))
    await index.apply(removing(BILLING, 1))
    await index.close()
    again = make_index()
    assert await again.open()
    assert await again.counts() == {BILLING: 1, ADAS: 1}
    assert await nearest_ids(again, [BILLING, ADAS]) == [3, 2]
    await again.apply(adding(BILLING, {4: 1}))
    assert await nearest_ids(again, [BILLING, ADAS]) == [4, 3, 2]
    await again.close()


async def test_it_opens_as_it_is_for_a_check(make_index: Callable[[], VectorIndex]) -> None:
    index = make_index()
    await index.open()
    await index.apply(adding(BILLING, {1: 10}))
    await index.close()
    checked = make_index()
    assert await checked.open_as_it_is()
    assert await checked.ids(BILLING) == {1}
    await checked.close()


async def test_a_lost_index_starts_empty_again(make_index: Callable[[], VectorIndex], tmp_path: Path) -> None:
    index = make_index()
    await index.open()
    await index.apply(adding(BILLING, {1: 10}))
    await index.close()
    shutil.rmtree(tmp_path / "index")
    again = make_index()
    assert not await again.open()
    assert await again.counts() == {}
    await again.close()


async def test_after_a_reset_it_is_empty_and_takes_changes(index: VectorIndex) -> None:
    await index.apply(adding(BILLING, {1: 10}))
    await index.apply(adding(ADAS, {2: 10}))
    await index.reset()
    assert await index.counts() == {}
    assert await nearest_ids(index, [BILLING, ADAS]) == []
    await index.apply(adding(BILLING, {3: 10}))
    assert await index.counts() == {BILLING: 1}
