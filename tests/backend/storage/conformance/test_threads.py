"""What any store of conversations holds."""

import pytest

from agents.direct_completion import LLM
from backend.errors import SessionTaken, ThreadUnknown
from backend.storage.stores import Stores
from backend.storage.threads import MessageFeedback, ThreadFilter
from tests.backend.storage.conformance.conversations import answer, ask, audited, begin, did, unstorable


async def listed(stores: Stores, wanted: ThreadFilter, limit: int = 50, offset: int = 0) -> list[str]:
    _, found = await stores.threads.list_threads(wanted, limit, offset)
    return [thread.id for thread in found]


async def test_a_question_begins_a_conversation_with_its_title(stores: Stores) -> None:
    run = await begin(stores, question="How are\nrefunds paid?")
    thread = await stores.threads.get("ada", "t")
    assert thread
    assert (thread.session_id, thread.agent_id, thread.title) == (run.session_id, run.agent_id, "How are refunds paid?")
    assert (thread.created_at, thread.updated_at, thread.deleted_at) == (run.created_at, run.created_at, None)


async def test_another_users_conversation_is_unknown(stores: Stores) -> None:
    run = await ask(stores)
    assert await stores.threads.get("bob", "t") is None
    assert await stores.threads.thread_of_session("bob", run.agent_id, run.session_id) is None
    assert await listed(stores, ThreadFilter("bob", "all")) == []
    await stores.threads.rename("bob", "t", "Bob's")
    await stores.threads.put_away("bob", "t", did("conversation.delete"))
    with pytest.raises(ThreadUnknown):
        await stores.threads.restore("bob", "t", did("conversation.restore"))
    thread = await stores.threads.get("ada", "t")
    assert thread
    assert (thread.title, thread.deleted_at) == (run.question, None)
    assert await audited(stores) == []


async def test_conversations_are_listed_by_their_last_use_page_by_page(stores: Stores) -> None:
    for thread in ("a", "b", "c"):
        await ask(stores, thread)
    await ask(stores, "a")
    assert await listed(stores, ThreadFilter("ada")) == ["a", "c", "b"]
    assert await listed(stores, ThreadFilter("ada"), 1, 1) == ["c"]
    total, page = await stores.threads.list_threads(ThreadFilter("ada"), 1, 5)
    assert (total, page) == (3, [])


async def test_an_older_question_does_not_move_a_conversation_down(stores: Stores) -> None:
    await ask(stores, "a", created_at=9.0)
    await ask(stores, "a", created_at=3.0)
    thread = await stores.threads.get("ada", "a")
    assert thread
    assert thread.updated_at == 9.0


async def test_filters_narrow_what_is_listed(stores: Stores) -> None:
    await ask(stores, "web", session_id="web:1")
    await ask(stores, "WEB", session_id="WEB:1")
    await ask(stores, "agent", agent_id="billing")
    await ask(stores, "model", agent_id=LLM)
    assert set(await listed(stores, ThreadFilter("ada"))) == {"web", "WEB", "agent"}
    assert await listed(stores, ThreadFilter("ada", agent_id=LLM)) == ["model"]
    assert await listed(stores, ThreadFilter("ada", session_prefix="web:")) == ["web"]
    assert await listed(stores, ThreadFilter("ada", session_id="WEB:1")) == ["WEB"]


@pytest.mark.parametrize("search", ["100%", "a_b", "c\\d", "%", "_", "\\"])
async def test_a_search_takes_wildcards_literally(stores: Stores, search: str) -> None:
    await ask(stores, "plain", question="1000 axb cxd")
    run = await begin(stores, "marked", question="?")
    await answer(stores, run, "It is 100% of a_b in c\\d.")
    assert await listed(stores, ThreadFilter("ada", search=search)) == ["marked"]


async def test_a_search_finds_titles_and_messages_in_any_case(stores: Stores) -> None:
    await ask(stores, "t", question="How are Refunds paid?")
    await stores.threads.rename("ada", "t", "Money")
    assert await listed(stores, ThreadFilter("ada", search="refUNDS")) == ["t"]
    assert await listed(stores, ThreadFilter("ada", search="money")) == ["t"]
    assert await listed(stores, ThreadFilter("ada", search="invoice")) == []


async def test_messages_come_in_the_order_of_their_questions_each_answer_behind_its_own(stores: Stores) -> None:
    first, second = await begin(stores, created_at=9.0), await begin(stores, created_at=1.0)
    await answer(stores, second, "Second.")
    await answer(stores, first, "First.", agents=["billing"])
    messages = await stores.threads.all_messages("t")
    assert [message.content for message in messages] == [first.question, "First.", second.question, "Second."]
    assert [message.role for message in messages] == ["user", "assistant"] * 2
    assert (messages[1].status, messages[1].finish_reason, messages[1].data) == (
        "completed",
        "stop",
        {"agents": ["billing"]},
    )
    assert await stores.threads.read_history("t", 2, 1) == (4, messages[1:3])
    assert await stores.threads.read_history("t", 2, 4) == (4, [])


async def test_feedback_is_shown_with_the_answer_alone(stores: Stores) -> None:
    run = await ask(stores)
    await stores.handoffs.rate_answer(run.id, "down", "Wrong.")
    question, given = await stores.threads.all_messages("t")
    assert (question.feedback, given.feedback) == (None, MessageFeedback("down", "Wrong."))
    assert given.as_fields()["feedback"] == {"rating": "down", "comment": "Wrong."}


async def test_what_was_replaced_is_neither_shown_nor_counted_nor_found(stores: Stores) -> None:
    old = await ask(stores, question="Where is Zanzibar?")
    new = await ask(stores, replaces=old.id)
    count, messages = await stores.threads.read_history("t", 10, 0)
    assert (count, [message.run_id for message in messages]) == (2, [new.id] * 2)
    _, (thread,) = await stores.threads.list_threads(ThreadFilter("ada"), 10, 0)
    assert (thread.messages, thread.title) == (2, new.question)
    assert await listed(stores, ThreadFilter("ada", search="zanzibar")) == []


async def test_a_conversation_that_is_put_away_can_come_back(stores: Stores) -> None:
    run = await ask(stores)
    await stores.threads.put_away("ada", "t", did("conversation.delete"))
    assert (await listed(stores, ThreadFilter("ada")), await listed(stores, ThreadFilter("ada", "deleted"))) == (
        [],
        ["t"],
    )
    assert await stores.threads.thread_of_session("ada", run.agent_id, run.session_id) is None
    await stores.threads.restore("ada", "t", did("conversation.restore"))
    # A second time there is nothing to restore, and so nothing to record.
    await stores.threads.restore("ada", "t", did("conversation.restore"))
    assert await listed(stores, ThreadFilter("ada")) == ["t"]
    assert await stores.threads.thread_of_session("ada", run.agent_id, run.session_id) == "t"
    assert await audited(stores) == ["conversation.delete", "conversation.restore"]


async def test_a_conversation_whose_session_went_on_stays_away(stores: Stores) -> None:
    await ask(stores, "first", session_id="s")
    await stores.threads.put_away("ada", "first", did("conversation.delete"))
    await ask(stores, "second", session_id="s")
    with pytest.raises(SessionTaken):
        await stores.threads.restore("ada", "first", did("conversation.restore"))
    assert await listed(stores, ThreadFilter("ada", "deleted")) == ["first"]
    assert await audited(stores) == ["conversation.delete"]


async def test_a_change_that_cannot_be_recorded_does_not_happen(stores: Stores) -> None:
    await ask(stores)
    with pytest.raises(TypeError):
        await stores.threads.put_away("ada", "t", unstorable("conversation.delete"))
    assert await listed(stores, ThreadFilter("ada")) == ["t"]
    await stores.threads.put_away("ada", "t", did("conversation.delete"))
    with pytest.raises(TypeError):
        await stores.threads.restore("ada", "t", unstorable("conversation.restore"))
    assert await listed(stores, ThreadFilter("ada", "deleted")) == ["t"]
    assert await audited(stores) == ["conversation.delete"]
