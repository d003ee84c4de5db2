"""Additions, replacements and removals, once or twice."""

import numpy as np
import pytest

from knowledge.index.vector_index import VectorIndex
from knowledge.storage.documents import DocumentPlace
from knowledge.storage.vector_changes import VectorChanges
from tests.knowledge.index.conformance.parts import (
    ADAS,
    BILLING,
    BOS,
    TRAVEL,
    adding,
    nearest_ids,
    removing,
    vector_at,
)


async def test_no_change_changes_nothing(index: VectorIndex) -> None:
    assert await index.apply(VectorChanges())
    assert await index.counts() == {}


async def test_what_is_added_is_counted_listed_and_returned(index: VectorIndex) -> None:
    assert await index.apply(adding(BILLING, {1: 10, 2: 20}))
    assert await index.counts() == {BILLING: 2}
    assert await index.ids(BILLING) == {1, 2}
    held = await index.vectors(BILLING, [1, 2])
    assert held.keys() == {1, 2}
    for chunk_id, degrees in ((1, 10), (2, 20)):
        np.testing.assert_allclose(held[chunk_id], vector_at(degrees), atol=1e-3)


async def test_vectors_are_returned_of_those_chunks_that_the_place_holds(index: VectorIndex) -> None:
    await index.apply(adding(BILLING, {1: 10, 2: 20}))
    assert (await index.vectors(BILLING, [2, 3])).keys() == {2}
    assert await index.vectors(BILLING, []) == {}


async def test_changes_applied_twice_are_held_once(index: VectorIndex) -> None:
    await index.apply(adding(BILLING, {1: 10, 2: 20, 3: 30}))
    both = VectorChanges(adding(BILLING, {3: 30, 4: 40}).added, removing(BILLING, 1).removed)
    for _ in range(2):
        assert await index.apply(both)
        assert await index.ids(BILLING) == {2, 3, 4}
        assert await index.counts() == {BILLING: 3}
        assert await nearest_ids(index, [BILLING]) == [2, 3, 4]


async def test_a_vector_added_again_replaces_the_one_before(index: VectorIndex) -> None:
    await index.apply(adding(BILLING, {1: 10, 2: 20}))
    await index.apply(adding(BILLING, {1: 80}))
    assert await nearest_ids(index, [BILLING]) == [2, 1]
    np.testing.assert_allclose((await index.vectors(BILLING, [1]))[1], vector_at(80), atol=1e-3)


async def test_a_document_is_replaced_by_chunks_with_new_ids(index: VectorIndex) -> None:
    await index.apply(adding(BILLING, {1: 10, 2: 20}))
    await index.apply(VectorChanges(adding(BILLING, {3: 15}).added, removing(BILLING, 1, 2).removed))
    assert await nearest_ids(index, [BILLING]) == [3]


async def test_what_is_removed_is_neither_found_nor_counted(index: VectorIndex) -> None:
    await index.apply(adding(BILLING, {1: 10, 2: 20, 3: 30}))
    assert await index.apply(removing(BILLING, 1, 3))
    assert await nearest_ids(index, [BILLING]) == [2]
    assert await index.counts() == {BILLING: 1}
    assert await index.vectors(BILLING, [1]) == {}


@pytest.mark.parametrize("place", [BILLING, ADAS])
async def test_a_place_whose_last_chunk_is_removed_counts_as_none_and_fills_again(
    index: VectorIndex, place: DocumentPlace
) -> None:
    await index.apply(adding(place, {1: 10}))
    await index.apply(removing(place, 1))
    assert await index.counts() == {}
    assert await index.ids(place) == set()
    assert await nearest_ids(index, [place]) == []
    await index.apply(adding(place, {2: 20}))
    assert await nearest_ids(index, [place]) == [2]


async def test_removing_what_is_unknown_changes_nothing(index: VectorIndex) -> None:
    await index.apply(adding(BILLING, {1: 10}))
    assert await index.apply(removing(BILLING, 7))
    assert await index.apply(removing(TRAVEL, 1))
    assert await index.apply(removing(BOS, 1))
    assert await index.counts() == {BILLING: 1}


async def test_as_many_changes_as_come_at_once_are_all_applied(index: VectorIndex) -> None:
    many = {number: number / 100 for number in range(1, 4_501)}
    await index.apply(adding(BILLING, many))
    assert await index.counts() == {BILLING: 4_500}
    await index.apply(removing(BILLING, *range(1, 4_401)))
    assert await index.ids(BILLING) == set(range(4_401, 4_501))


async def test_compaction_keeps_what_is_there_and_brings_nothing_back(index: VectorIndex) -> None:
    await index.apply(adding(BILLING, {1: 10, 2: 20, 3: 30}))
    await index.apply(adding(ADAS, {4: 40}))
    await index.apply(VectorChanges(removed=[*removing(BILLING, 2).removed, *removing(ADAS, 4).removed]))
    for _ in range(2):
        assert await index.compact()
        assert await index.counts() == {BILLING: 2}
        assert await nearest_ids(index, [BILLING, ADAS]) == [1, 3]
    assert await index.apply(adding(ADAS, {5: 5}))
    assert await nearest_ids(index, [BILLING, ADAS]) == [5, 1, 3]
