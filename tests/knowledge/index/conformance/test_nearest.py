"""What a search finds: the nearest, with their cosine, in the places that it names and in no other."""

import math

import pytest

from knowledge.index.vector_index import VectorIndex
from knowledge.storage.documents import DocumentPlace
from tests.knowledge.index.conformance.parts import ADAS, BILLING, BOS, TRAVEL, adding, nearest_ids, vector_at


async def fill_places(index: VectorIndex) -> None:
    for place, chunks in {BILLING: {1: 40, 2: 20}, TRAVEL: {3: 1}, ADAS: {4: 30}, BOS: {5: 2}}.items():
        await index.apply(adding(place, chunks))


async def test_an_empty_index_finds_nothing(index: VectorIndex) -> None:
    assert await index.nearest([[BILLING], [BILLING, ADAS], []], vector_at(0), 5) == [[], [], []]
    assert await index.nearest([], vector_at(0), 5) == []
    assert await index.counts() == {}
    assert await index.ids(BILLING) == set()
    assert await index.vectors(BILLING, [1]) == {}


async def test_the_nearest_come_first_with_their_cosine(index: VectorIndex) -> None:
    await index.apply(adding(BILLING, {1: 60, 2: 0, 3: 90, 4: 180, 5: 30}))
    (found,) = await index.nearest([[BILLING]], vector_at(0), 10)
    assert [chunk_id for chunk_id, _ in found] == [2, 5, 1, 3, 4]
    cosines = [math.cos(math.radians(degrees)) for degrees in (0, 30, 60, 90, 180)]
    assert [cosine for _, cosine in found] == pytest.approx(cosines, abs=1e-3)


async def test_no_more_are_found_than_asked_for(index: VectorIndex) -> None:
    await fill_places(index)
    assert await nearest_ids(index, [BILLING], 1) == [2]
    assert await nearest_ids(index, [BILLING, ADAS], 2) == [2, 4]


@pytest.mark.parametrize(
    ("places", "found"),
    [
        ([BILLING], [2, 1]),
        ([TRAVEL], [3]),
        ([ADAS], [4]),
        ([BILLING, ADAS], [2, 4, 1]),
        ([BILLING, BOS], [5, 2, 1]),
        ([DocumentPlace("travel", "ada")], []),
        ([DocumentPlace("billing", "ad")], []),
        ([DocumentPlace("bill")], []),
    ],
)
async def test_only_the_named_places_are_searched(
    index: VectorIndex, places: list[DocumentPlace], found: list[int]
) -> None:
    await fill_places(index)
    assert await nearest_ids(index, places) == found


async def test_each_group_has_its_own_result(index: VectorIndex) -> None:
    await fill_places(index)
    found = await index.nearest([[TRAVEL], [BILLING, BOS], [ADAS]], vector_at(0), 2)
    assert [[chunk_id for chunk_id, _ in group] for group in found] == [[3], [5, 2], [4]]


async def test_names_of_folders_and_owners_keep_apart_whatever_they_hold(index: VectorIndex) -> None:
    places = [
        DocumentPlace("a.b_-c"),
        DocumentPlace("a.b_-"),
        DocumentPlace("own.a"),
        DocumentPlace("a", "a.b@c_-"),
        DocumentPlace("a", "a.b@c_"),
        DocumentPlace("b", "a.b@c_-"),
    ]
    for number, place in enumerate(places):
        await index.apply(adding(place, {number: 10}))
    assert await index.counts() == dict.fromkeys(places, 1)
    for number, place in enumerate(places):
        assert await nearest_ids(index, [place]) == [number]
