"""Conversations, agents, documents and hand-overs by both clients, each as its shape."""

import io
import zipfile
from typing import Any

import pytest

from frontdesk import Desk
from frontdesk.client import endpoints
from frontdesk.client.errors import IdInvalid, Refused
from frontdesk.contracts import reports, resources
from tests.backend.agents import SALES
from tests.frontdesk.client.test_requests import TWICE, both
from tests.serving import Server


@both
def test_a_conversation_is_found_read_renamed_rated_put_away_and_brought_back(server: Server, call: Any) -> None:
    answer = call(server.url, "ask", TWICE)
    with Desk(server.url) as desk:
        page = desk.threads(session_prefix=answer.session_id, limit=1)
        desk.feedback(answer.run_id, "up", "Fine")
    (thread,) = page.threads
    assert (page.total, page.limit, page.offset) == (1, 1, 0)
    assert (thread.id, thread.title, thread.messages, thread.deleted_at) == (answer.thread_id, TWICE, 2, None)
    whole = call(server.url, "thread", thread.id)
    assert isinstance(whole, resources.ThreadWhole)
    assert [(turn.role, turn.content, turn.status) for turn in whole.history] == [
        ("user", TWICE, "completed"),
        ("assistant", answer.answer, "completed"),
    ]
    assert whole.history[1].feedback == resources.Feedback(rating="up", comment="Fine")
    assert whole.history[1].support == answer.support is not None
    assert [turn.role for turn in call(server.url, "thread", thread.id, 1, 1).history] == ["assistant"]
    assert call(server.url, "rename", thread.id, "Twice").title == "Twice"
    assert call(server.url, "delete", thread.id) == {"deleted": thread.id, "hard": False}
    assert call(server.url, "restore", thread.id).deleted_at is None
    assert call(server.url, "export", thread.id).startswith("# Twice")


@both
def test_an_agent_is_made_asked_for_changed_and_dismissed(server: Server, call: Any) -> None:
    made = call(server.url, "create_agent", SALES)
    assert (made.id, made.origin, made.strategy, made.enabled) == (SALES["id"], "api", "rag", True)
    assert call(server.url, "agent", made.id) == made
    assert made in call(server.url, "agents").agents
    routed = call(server.url, "route", TWICE)
    assert ([agent.id for agent in routed.agents], routed.needs_human) == (["billing"], False)
    changed = call(server.url, "replace_agent", made.id, made.model_dump() | {"enabled": False})
    assert changed == made.model_copy(update={"enabled": False})
    assert call(server.url, "delete_agent", made.id) == {"deleted": made.id}


@both
def test_a_document_is_added_listed_read_replaced_and_removed(server: Server, call: Any) -> None:
    path = 'trials/"Grüße" 100%.md'
    added = call(server.url, "put_document", b"# Trials\n\nA trial lasts 14 days.", "billing", path)
    assert (added.path, added.folder, added.source, added.title) == (path, "billing", "upload", "Trials")
    with Desk(server.url) as desk:
        assert added in desk.documents(folder="billing").documents
        assert added not in desk.documents(folder="technical").documents
    assert call(server.url, "document", added.id).markdown == "# Trials\n\nA trial lasts 14 days."
    again = call(server.url, "put_document", b"# Trials\n\nA trial lasts 30 days.", "billing", path)
    assert (again.id, again.version) == (added.id, added.version + 1)
    assert call(server.url, "delete_document", added.id) == {"deleted": added.id}
    with pytest.raises(Refused) as refused:
        call(server.url, "document", added.id)
    assert refused.value.code == "document_not_found"


@both
def test_an_archive_and_embedding_again_are_runs(server: Server, call: Any) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("invoices.md", "# Invoices\n\nAn invoice is sent on the first of the month.")
    for door in (("put_archive", archive.getvalue(), "billing", "all.zip"), ("reindex", "billing")):
        begun = call(server.url, *door)
        with Desk(server.url) as desk:
            *_, last = desk.follow(begun.run_id)
            assert last.type == "done"
            assert desk.run(begun.run_id).thread_id == begun.thread_id
            assert "all.zip/invoices.md" in {document.path for document in desk.documents().documents}


@both
def test_a_person_is_asked_for_and_sees_to_it(server: Server, call: Any) -> None:
    answer = call(server.url, "ask", "Can I pay with Bitcoin from a hardware wallet in Brazil?")
    called = call(server.url, "hand_over", "ada@example.org", "Please call", answer.thread_id)
    outside = call(server.url, "hand_over", "bob@example.org")
    assert (called.contact, called.message, called.thread_id) == ("ada@example.org", "Please call", answer.thread_id)
    with Desk(server.url) as desk:
        waiting = desk.handovers(resolved=False, limit=200)
        (question,) = [one for one in desk.unanswered(days=1).questions if one.run_id == answer.run_id]
    assert {called.id, outside.id} <= {one.id for one in waiting.handovers}
    assert question.question.startswith("Can I pay with Bitcoin")
    whole = call(server.url, "handover", called.id)
    assert isinstance(whole, reports.HandoffWhole)
    assert [turn.role for turn in whole.transcript] == ["user", "assistant"]
    assert call(server.url, "resolve", called.id, "Called.").note == "Called."
    with Desk(server.url) as desk:
        assert called.id in {one.id for one in desk.handovers(resolved=True, limit=200).handovers}


@both
def test_a_desk_says_what_it_is(server: Server, call: Any) -> None:
    info = call(server.url, "info")
    assert (info.name, info.user.id, info.user.operator) == ("Frontdesk", "local", True)
    assert {agent.id for agent in info.agents} >= {"billing", "technical"}
    assert info.limits.message_chars > 0


def test_what_is_chosen_of_documents_and_hand_overs_goes_into_the_query() -> None:
    shelf = endpoints.documents(folder="billing", search="a b", limit=20, offset=0).request.params
    assert shelf == {"folder": "billing", "search": "a b", "limit": "20", "offset": "0"}
    assert endpoints.handovers(resolved=True, limit=None).request.params == {"resolved": "true"}
    assert endpoints.unanswered().request.params == {}
    with pytest.raises(IdInvalid):
        endpoints.document("..")


def test_a_desk_may_say_how_many_documents_there_are() -> None:
    of_one_that_does = b'{"documents": [], "total": 7, "folders": {"billing": 7}}'
    assert endpoints.documents().read(of_one_that_does).folders == {"billing": 7}
    assert endpoints.documents().read(b'{"documents": []}').total is None


def test_half_a_character_of_a_name_is_not_sent() -> None:
    request = endpoints.put_document(b"x", "billing", "a\ud800.md").request
    assert b"a?.md" in (request.content or b"")


@both
def test_what_a_desk_has_done_is_told(server: Server, call: Any) -> None:
    answer = call(server.url, "ask", TWICE)
    told = call(server.url, "activity", 7, 1)
    assert isinstance(told, reports.ActivityReport)
    assert (len(told.days), told.limit, [run.id for run in told.runs]) == (7, 1, [answer.run_id])
    assert told.totals.runs == sum(day.runs for day in told.days) >= 1
    assert "billing" in {agent.agent for agent in told.agents}
    assert told.totals.first_token_p50 is not None
