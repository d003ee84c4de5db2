"""What any store of cached answers holds."""

from collections import Counter
from dataclasses import replace

import pytest

from agents.caching.question_keys import QuestionKeys
from agents.caching.store import AnswerOrigin, CachedAnswer, CacheLimits, CacheScope
from backend.auth.audit import Actor
from backend.storage.deletion import RemovalMark, RemovalPart
from backend.storage.stores import Stores
from knowledge.storage.database import Database
from tests.backend.storage.conformance.histories import add_conversation, count_rows
from tests.backend.storage.query_plans import plans_of

SHARED = CacheScope("billing", "", "v1", "d1:")
ANSWER = CachedAnswer(
    question="How much?",
    keys=QuestionKeys("exact", "similar"),
    text="6 USD. [1]",
    model="embedded",
    sources="[]",
    support=None,
    see_also=[2],
    highlights=[[0, 6]],
    kept=[3, 4],
    last_number=2,
)
ORIGIN = AnswerOrigin("ann", "run")
LIMITS = CacheLimits(entries=3, total_bytes=1_000, seconds=100)


def answer(number: int, text: str = "") -> CachedAnswer:
    return replace(ANSWER, text=text or f"Answer {number}", keys=QuestionKeys(f"exact {number}", "similar"))


async def save(stores: Stores, one: CachedAnswer, scope: CacheScope = SHARED, now: float = 10.0) -> None:
    await stores.cached_answers.save_answer(scope, one, ORIGIN, now, LIMITS)


async def find(stores: Stores, scope: CacheScope = SHARED, exact: str = "exact", since: float = 0.0) -> list[str]:
    found = await stores.cached_answers.find_answers(scope, QuestionKeys(exact, "similar"), since)
    return [one.text for one in found]


async def test_an_answer_comes_back_as_it_was_saved(stores: Stores) -> None:
    await save(stores, ANSWER)
    assert await stores.cached_answers.find_answers(SHARED, ANSWER.keys, 0.0) == [ANSWER]


async def test_the_same_question_goes_first_and_then_the_newest(stores: Stores) -> None:
    for number in range(3):
        await save(stores, answer(number))
    assert await find(stores, exact="exact 0") == ["Answer 0", "Answer 2", "Answer 1"]


@pytest.mark.parametrize("field", ["agent", "owner", "version", "documents"])
async def test_an_answer_of_another_scope_is_not_given(stores: Stores, field: str) -> None:
    await save(stores, ANSWER)
    assert await find(stores, replace(SHARED, **{field: "another"})) == []


async def test_an_answer_that_is_too_old_is_not_given_and_goes_with_the_next_one(
    stores: Stores, database: Database
) -> None:
    await save(stores, ANSWER)
    assert await find(stores, since=10.5) == []
    await save(stores, answer(1), replace(SHARED, agent="other"), now=110.5)
    assert await count_rows(database, "cached_answers") == 1


@pytest.mark.parametrize("change", [{"version": "v2"}, {"documents": "d2:"}])
async def test_what_cannot_be_given_again_is_deleted(
    stores: Stores, database: Database, change: dict[str, str]
) -> None:
    for other in (SHARED, replace(SHARED, owner="ann"), replace(SHARED, agent="technical")):
        await save(stores, ANSWER, other)
    await save(stores, answer(1), replace(SHARED, **change))
    assert await find(stores) == []
    assert await count_rows(database, "cached_answers") == 3


async def test_a_question_has_one_answer(stores: Stores, database: Database) -> None:
    for text in ("first", "second"):
        await save(stores, answer(1, text))
    assert await find(stores) == ["second"]


async def test_the_oldest_go_beyond_the_limits(stores: Stores) -> None:
    for number in range(5):
        await save(stores, answer(number))
    assert await find(stores) == ["Answer 4", "Answer 3", "Answer 2"]
    await save(stores, answer(5, "x" * 960))
    assert await find(stores) == ["x" * 960]
    await save(stores, answer(6, "x" * 2_000))
    assert await find(stores) == []


async def test_an_answer_goes_with_the_run_it_was_given_in(stores: Stores, database: Database) -> None:
    thread_id = await add_conversation(database, "ann")
    runs = [record["id"] async for record in stores.personal_data.runs_of(thread_id)]
    await stores.cached_answers.save_answer(SHARED, ANSWER, AnswerOrigin("ann", runs[0]), 10.0, LIMITS)
    await save(stores, answer(1))
    part = await stores.deletion.delete_thread_part(thread_id, keep_figures=True)
    assert part.deleted["cached_answers"] == 1
    assert await find(stores) == ["Answer 1"]


@pytest.mark.parametrize("part", ["everything", "conversations", "documents"])
async def test_an_answer_goes_with_what_its_user_removes(stores: Stores, part: RemovalPart) -> None:
    await save(stores, ANSWER)
    await stores.cached_answers.save_answer(SHARED, answer(1), AnswerOrigin("bob", "other"), 10.0, LIMITS)
    mark = RemovalMark("ann", part, Actor("olga", None, None))
    await stores.deletion.mark_removal(mark)
    await stores.deletion.finish_removal(mark, Counter())
    assert await find(stores) == ["Answer 1"]


async def test_a_person_s_answers_are_theirs_to_read(stores: Stores) -> None:
    await save(stores, ANSWER)
    await stores.cached_answers.save_answer(SHARED, answer(1), AnswerOrigin("bob", "other"), 10.0, LIMITS)
    (record,) = [record async for record in stores.personal_data.cached_answers_of("ann")]
    assert (record["question"], record["answer"], record["run_id"]) == ("How much?", "6 USD. [1]", "run")


async def test_answers_are_found_by_index(database: Database) -> None:
    plans = await plans_of(database, lambda stores: find(stores))
    assert not [line for plan in plans for line in plan if line.startswith("SCAN") and "cached_answers" in line]
