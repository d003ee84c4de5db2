"""What any store of runs and their events holds."""

import uuid

import pytest

from backend.errors import RunNotLast, RunUnknown, ThreadBusy, ThreadUnknown
from backend.storage.runs import AnswerMessage
from backend.storage.stores import Stores
from frontdesk.contracts.events import Cancelled, Error, Event, Handoff, Token, TraceEnd, TraceStart, Usage
from knowledge.storage.database import DatabaseError
from tests.backend.storage.conformance.conversations import answer, ask, begin, did, done, event, make_run


async def test_a_question_is_stored_before_anything_is_done_about_it(stores: Stores) -> None:
    run = await begin(stores, request='{"messages":[]}')
    assert await stores.runs.get_run(run.id) == run
    (message,) = await stores.threads.all_messages("t")
    assert (message.run_id, message.role, message.content, message.created_at) == (
        run.id,
        "user",
        run.question,
        run.created_at,
    )


async def test_a_run_is_found_by_its_user_alone(stores: Stores) -> None:
    run = await begin(stores, id=str(uuid.uuid4()))
    for written in (run.id, run.id.upper(), run.id.replace("-", "")):
        assert (await stores.runs.run_of_user("ada", written)).id == run.id
    for user, run_id in (("bob", run.id), ("ada", str(uuid.uuid4())), ("ada", "nothing")):
        with pytest.raises(RunUnknown):
            await stores.runs.run_of_user(user, run_id)


async def test_a_question_for_a_conversation_that_is_gone_is_refused(stores: Stores) -> None:
    await ask(stores)
    await stores.threads.put_away("ada", "t", did("conversation.delete"))
    for thread, user in (("t", "ada"), ("nothing", "ada"), ("t", "bob")):
        late = make_run(thread, user)
        with pytest.raises(ThreadUnknown):
            await stores.runs.begin_run(late, "m", continues=True)
        assert await stores.runs.get_run(late.id) is None


async def test_only_the_last_run_is_replaced_and_only_after_its_end(stores: Stores) -> None:
    first, last = await ask(stores), await begin(stores)
    with pytest.raises(RunNotLast):
        await begin(stores, replaces=first.id)
    with pytest.raises(ThreadBusy):
        await begin(stores, replaces=last.id)
    await answer(stores, last)
    assert await stores.runs.replaced_runs("t") == frozenset()
    new = await begin(stores, replaces=last.id)
    assert await stores.runs.replaced_runs("t") == {last.id}
    replaced = await stores.runs.get_run(last.id)
    assert replaced
    assert replaced.replaced_by == new.id
    with pytest.raises(RunNotLast):
        await begin(stores, replaces=last.id)


async def test_a_question_that_cannot_be_stored_leaves_and_withdraws_nothing(stores: Stores) -> None:
    run = await ask(stores)
    again = make_run("t", replaces=run.id)
    with pytest.raises(DatabaseError):
        # The last of what is stored: the message, under an id that is taken.
        await stores.runs.begin_run(again, f"question-{run.id}", continues=True)
    thread = await stores.threads.get("ada", "t")
    assert thread
    assert (thread.updated_at, thread.title) == (run.created_at, run.question)
    assert await stores.runs.get_run(again.id) is None
    assert await stores.runs.replaced_runs("t") == frozenset()
    assert [message.run_id for message in await stores.threads.all_messages("t")] == [run.id] * 2


async def test_unfinished_runs_come_in_the_order_in_which_they_were_asked(stores: Stores) -> None:
    first, second = await begin(stores, created_at=9.0), await begin(stores, created_at=1.0, status="queued")
    await ask(stores)
    await stores.runs.take_up(first.id, 2)
    await stores.runs.note_stop(second.id, "enough")
    left = await stores.runs.unfinished_runs()
    assert [(run.id, run.status, run.attempts, run.stopped) for run in left] == [
        (first.id, "in_progress", 2, None),
        (second.id, "queued", 1, "enough"),
    ]


async def test_stopping_a_run_that_has_ended_changes_nothing(stores: Stores) -> None:
    run = await ask(stores)
    ended = await stores.runs.get_run(run.id)
    await stores.runs.note_stop(run.id, "too late")
    assert await stores.runs.get_run(run.id) == ended


async def test_events_are_read_in_order_from_any_number_on(stores: Stores) -> None:
    run, other = await begin(stores), await begin(stores, "other")
    words = [event(run, seq, Token(content=f"word{seq}", agent="a")) for seq in range(12)]
    await stores.runs.append_events(words[:5])
    await stores.runs.append_events([event(other, 0, Token(content="x", agent="a"))])
    await stores.runs.append_events(words[5:])
    assert [(one.seq, one.payload) for one in await stores.runs.events_after(run.id, -1)] == [
        (word.seq, word.payload) for word in words
    ]
    assert [one.seq for one in await stores.runs.events_after(run.id, 4, 3)] == [5, 6, 7]
    assert await stores.runs.events_after(run.id, 11) == []


async def test_events_of_one_append_are_stored_all_or_not_at_all(stores: Stores) -> None:
    run = await begin(stores)
    await stores.runs.append_events([event(run, 0, Token(content="word", agent="a"))])
    kept = AnswerMessage("m", "t", "text", {}, 1.0)
    with pytest.raises(DatabaseError):
        # The second has a number that is taken.
        await stores.runs.append_events([event(run, 1, done(), kept), event(run, 0, Token(content="x", agent="a"))])
    assert [one.seq for one in await stores.runs.events_after(run.id, -1)] == [0]
    stored = await stores.runs.get_run(run.id)
    assert stored
    assert (stored.is_open, await stores.runs.answer_of(run.id)) == (True, None)


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (done(), ("completed", "stop", None)),
        (Cancelled(reason="enough"), ("cancelled", None, None)),
        (Error(code="models_unavailable", message="None.", retryable=True), ("failed", None, "models_unavailable")),
    ],
)
async def test_a_run_has_exactly_one_end(stores: Stores, end: Event, outcome: tuple[str | None, ...]) -> None:
    run = await begin(stores)
    await stores.runs.append_events([event(run, 0, end)])
    ended = await stores.runs.get_run(run.id)
    assert ended
    assert (ended.status, ended.finish_reason, ended.error_code) == outcome
    assert (ended.ended_at, ended.is_open) == (run.created_at + 1, False)
    with pytest.raises(DatabaseError):
        await stores.runs.append_events([event(run, 1, Cancelled(reason="again"))])
    assert await stores.runs.get_run(run.id) == ended
    assert len(await stores.runs.events_after(run.id, -1)) == 1
    assert await stores.runs.unfinished_runs() == []


async def test_an_answer_is_kept_with_the_end_and_its_metadata(stores: Stores) -> None:
    run = await begin(stores)
    assert (await stores.runs.answer_of(run.id), await stores.runs.answer_data(run.id)) == (None, {})
    await answer(stores, run, "So.", support="strong")
    assert (await stores.runs.answer_of(run.id), await stores.runs.answer_data(run.id)) == (
        "So.",
        {"support": "strong"},
    )
    details = await stores.runs.read_details(run.id)
    assert (details.answer, details.data, details.steps, details.feedback) == ("So.", {"support": "strong"}, [], None)


async def test_steps_are_kept_level_with_their_events(stores: Stores) -> None:
    run = await begin(stores)
    usage = Usage(prompt=10, completion=2, total=12)
    events: list[Event] = [
        TraceStart(step_id="b", step_type="agent", step_name="billing", agent="billing"),
        TraceStart(step_id="a", parent_id="b", step_type="generate", step_name="m", agent="billing"),
        TraceEnd(step_id="a", agent="billing", model="m", usage=usage, cost_usd=0.25, latency_ms=3.0, fallback=True),
    ]
    await stores.runs.append_events([event(run, seq, one) for seq, one in enumerate(events)])
    whole, part = (await stores.runs.read_details(run.id)).steps
    assert (whole.step_id, whole.parent_id, whole.usage, whole.fallback) == ("b", None, None, None)
    assert (part.step_id, part.parent_id, part.status, part.usage) == ("a", "b", "completed", usage)
    assert (part.model, part.cost_usd, part.latency_ms, part.fallback) == ("m", 0.25, 3.0, True)


async def test_what_an_answer_cost_is_spent_with_its_end(stores: Stores) -> None:
    run = await begin(stores)
    usage = Usage(prompt=10, completion=2, total=12)
    events: list[Event] = [
        TraceStart(step_id="a", step_type="generate", step_name="m", agent="billing"),
        TraceEnd(step_id="a", agent="billing", model="m", usage=usage, cost_usd=0.25),
    ]
    await stores.runs.append_events([event(run, seq, one) for seq, one in enumerate(events)])
    assert await stores.spending.spent_on_day("ada", run.created_at) == (0, 0.0)
    await stores.runs.append_events([event(run, 2, Error(code="internal", message="No.", retryable=True))])
    assert await stores.spending.spent_on_day("ada", run.created_at) == (12, 0.25)


async def test_a_handoff_that_is_announced_again_is_stored_once(stores: Stores) -> None:
    run = await begin(stores)
    offer = Handoff(agent="billing", cause="unanswered", reason="no document", summary="All of it")
    await stores.runs.append_events([event(run, seq, offer) for seq in (0, 1)])
    total, (handoff,) = await stores.handoffs.list_handoffs("ada", None, 10, 0)
    assert (total, handoff.run_id, handoff.thread_id, handoff.summary) == (1, run.id, "t", run.question)
