"""What any store of handoffs and ratings holds."""

from typing import Any

import pytest

from backend.storage.handoffs import HandoffRequest, StoredHandoff
from backend.storage.stores import Stores
from frontdesk.contracts.events import Handoff
from tests.backend.storage.conformance.conversations import ask, audited, begin, did, done, event, unstorable


async def request(stores: Stores, user: str = "ada", thread: str | None = None) -> StoredHandoff:
    handoff_id = await stores.handoffs.request_person(HandoffRequest(user, thread, f"{user}@example.org", "Help!"))
    handoff = await stores.handoffs.get(handoff_id)
    assert handoff
    return handoff


async def offer(stores: Stores, question: str, thread: str = "t", *, hedged: bool = False, **fields: Any) -> str:
    run = await begin(stores, thread, question=question, **fields)
    unanswered = Handoff(agent="billing", cause="unanswered", reason="no document", summary="?")
    end = done().model_copy(update={"finish_reason": "hedged" if hedged else "declined"})
    await stores.runs.append_events([event(run, 0, unanswered), event(run, 1, end)])
    return run.id


async def test_handoffs_are_listed_the_longest_waiting_first_by_user_and_state(stores: Stores) -> None:
    first, second, third = await request(stores), await request(stores, "bob"), await request(stores)
    await stores.handoffs.resolve(second.id, "olga", "Called.", did("handover.resolve"))
    assert await stores.handoffs.list_handoffs("ada", None, 10, 0) == (2, [first, third])
    assert await stores.handoffs.list_handoffs(None, False, 1, 1) == (2, [third])
    total, (resolved,) = await stores.handoffs.list_handoffs(None, True, 10, 0)
    assert (total, resolved.id, resolved.resolved_by, resolved.note) == (1, second.id, "olga", "Called.")
    assert await stores.handoffs.get("nothing") is None


async def test_a_request_takes_up_the_open_offer_of_its_conversation(stores: Stores) -> None:
    await offer(stores, "Can I pay with Bitcoin?")
    taken_up = await request(stores, thread="t")
    assert (taken_up.cause, taken_up.contact) == ("unanswered", "ada@example.org")
    assert taken_up.summary == "Can I pay with Bitcoin?"
    new = await request(stores, thread="t")
    assert (new.id != taken_up.id, new.cause) == (True, "asked")


async def test_a_handoff_is_resolved_and_recorded_once(stores: Stores) -> None:
    handoffs, waiting = stores.handoffs, await request(stores)
    with pytest.raises(TypeError):
        await handoffs.resolve(waiting.id, "olga", "Called.", unstorable("handover.resolve"))
    assert await handoffs.get(waiting.id) == waiting
    assert await handoffs.resolve(waiting.id, "olga", "Called.", did("handover.resolve"))
    assert not await handoffs.resolve(waiting.id, "paul", "Me too.", did("handover.resolve"))
    resolved = await handoffs.get(waiting.id)
    assert resolved
    assert (resolved.resolved_by, resolved.note) == ("olga", "Called.")
    assert await audited(stores) == ["handover.resolve"]


async def test_others_read_a_conversation_if_a_person_was_asked_for_up_to_the_resolution(stores: Stores) -> None:
    before = await ask(stores)
    waiting = await request(stores, thread="t")
    await stores.handoffs.rate_answer(before.id, "down", "Nobody came.")
    await stores.handoffs.resolve(waiting.id, "olga", "", did("handover.resolve"))
    # By a clock that was set back.
    after = await ask(stores, created_at=0.5)
    resolved = await stores.handoffs.get(waiting.id)
    assert resolved
    own = await stores.handoffs.read_transcript(resolved, "ada")
    assert [message.run_id for message in own or []] == [before.id] * 2 + [after.id] * 2
    shown = await stores.handoffs.read_transcript(resolved, "olga")
    assert [(message.run_id, message.feedback) for message in shown or []] == [(before.id, None)] * 2


async def test_others_do_not_read_a_conversation_whose_user_wants_nobody(stores: Stores) -> None:
    await offer(stores, "Can I pay with Bitcoin?")
    _, (offered,) = await stores.handoffs.list_handoffs("ada", None, 10, 0)
    assert await stores.handoffs.read_transcript(offered, "olga") is None
    assert len(await stores.handoffs.read_transcript(offered, "ada") or []) == 1


async def test_a_later_rating_replaces_an_earlier_one(stores: Stores) -> None:
    run = await ask(stores)
    for rating, comment in (("up", "Fine."), ("down", "No.")):
        await stores.handoffs.rate_answer(run.id, rating, comment)
    feedback = (await stores.runs.read_details(run.id)).feedback
    assert feedback
    assert (feedback.rating, feedback.comment) == ("down", "No.")
    figures = (await stores.activity.read_summary("ada", 1, run.created_at)).totals
    assert (figures.up, figures.down) == (0, 1)


async def test_equal_questions_without_an_answer_are_one_as_it_was_asked_last(stores: Stores) -> None:
    await offer(stores, "Can I pay with Bitcoin?", hedged=True, created_at=10.0)
    last = await offer(stores, " can i pay with bitcoin !?", created_at=30.0)
    other = await offer(stores, "Do you ship to Mars?", created_at=40.0)
    await request(stores)
    often, once = await stores.handoffs.unanswered(0.0, 10)
    assert (often.question, often.times, often.run_id) == (" can i pay with bitcoin !?", 2, last)
    assert (often.agent, often.last_asked_at) == ("billing", 30.0)
    assert (once.times, once.run_id) == (1, other)
    assert (often.hedged, once.hedged) == (1, 0)
    assert [one.run_id for one in await stores.handoffs.unanswered(0.0, 1)] == [last]
    assert [one.times for one in await stores.handoffs.unanswered(20.0, 10)] == [1, 1]
