"""Every door: what is asked, what comes back, and what is wrong as an error of its own."""

import asyncio
import io
import json
import zipfile
from typing import Any

import pytest

from frontdesk import AsyncDesk, Desk
from frontdesk.client import endpoints, people_endpoints
from frontdesk.client.errors import ClientError, IdInvalid, NotADesk, Refused, StreamBroken, Unreachable
from frontdesk.client.requests import HttpRequest
from tests.frontdesk.client.proxy import Fate, Proxy
from tests.frontdesk.client.test_reconnecting import said
from tests.serving import Server

TWICE = "I was charged twice this month, how do I get my money back?"
DOORS = [("ask", "Hello?"), ("run", "r"), ("rename", "t", "Title"), ("threads",), ("delete_agent", "a")]


def call(url: str, door: str, *args: Any, **choices: Any) -> Any:
    with Desk(url) as desk:
        return getattr(desk, door)(*args, **choices)


def call_async(url: str, door: str, *args: Any, **choices: Any) -> Any:
    async def calling() -> Any:
        async with AsyncDesk(url) as desk:
            return await getattr(desk, door)(*args, **choices)

    return asyncio.run(calling())


both = pytest.mark.parametrize("call", [call, call_async], ids=["sync", "async"])


@both
def test_an_answer_and_its_run_say_the_same(server: Server, call: Any) -> None:
    answer = call(server.url, "ask", TWICE)
    run = call(server.url, "run", answer.run_id)
    assert answer.agents == ["billing"]
    assert answer.sources[0].uri == "billing/refunds.md"
    assert (run.status, run.answer, run.usage) == ("completed", answer.answer, answer.usage)
    assert {step.step_type for step in run.steps} >= {"route", "agent", "retrieve", "generate"}


@both
def test_a_conversation_goes_on_in_its_session(server: Server, call: Any) -> None:
    first = call(server.url, "ask", TWICE)
    with Desk(server.url) as desk:
        second = desk.ask("and how long does that take?", session_id=first.session_id)
    assert second.thread_id == first.thread_id
    assert "5 to 10 working days" in second.answer


@both
def test_a_question_takes_the_place_of_the_last(server: Server, call: Any) -> None:
    old = call(server.url, "ask", TWICE)
    new = call(server.url, "ask", "How long do refunds take?", replaces=old.run_id)
    assert new.thread_id == old.thread_id
    assert (call(server.url, "run", old.run_id).replaced_by, call(server.url, "run", new.run_id).replaces) == (
        new.run_id,
        old.run_id,
    )
    with Desk(server.url) as desk:
        streamed = next(event.run_id for event in desk.stream(TWICE, replaces=new.run_id) if event.type == "start")
        assert [turn.run_id for turn in desk.thread(old.thread_id).history][:1] == [streamed]
    with pytest.raises(Refused) as refused:
        call(server.url, "ask", TWICE, replaces=old.run_id)
    assert (refused.value.status, refused.value.code) == (409, "run_not_last")


@both
@pytest.mark.parametrize(
    ("door", "status", "code"),
    [(("ask", " "), 422, "message_invalid"), (("ask", "\ud800"), 422, "message_invalid"), (("run", "x/.."), 404, "")],
    ids=["empty", "half a character", "unknown"],
)
def test_what_the_desk_refuses_is_said_in_its_own_words(
    server: Server, call: Any, door: tuple[str, ...], status: int, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        call(server.url, *door)
    assert refused.value.status == status
    assert refused.value.code.startswith(code)
    assert (refused.value.retryable, refused.value.retry_after) == (False, None)


@both
def test_a_person_is_copied_and_deleted(server: Server, call: Any) -> None:
    kept, deleted = (call(server.url, "ask", TWICE) for _ in range(2))
    (person,) = call(server.url, "people", limit=1).people
    assert (person.user, person.has_key) == ("local", True)
    with zipfile.ZipFile(io.BytesIO(call(server.url, "export_person", "local"))) as copy:
        assert f"conversations/{kept.thread_id}.md" in copy.namelist()
    assert call(server.url, "delete_conversation_of", "local", deleted.thread_id)["deleted"] == deleted.thread_id
    with pytest.raises(Refused, match="no document") as refused:
        call(server.url, "delete_document_of", "local", "0123456789abcdef")
    assert refused.value.status == 404
    assert call(server.url, "delete_person", "local", "documents").documents == 0
    removed = call(server.url, "delete_person", "local")
    assert (removed.part, removed.conversations) == ("everything", person.conversations - 1)


@both
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("fate", "kind"),
    [
        (said("500 No", b"<html>"), NotADesk),
        (said("200 OK", b"<html>"), NotADesk),
        (said("302 Found", b"", "location: http://127.0.0.1:1/"), NotADesk),
        (said("200 OK", b"", "content-length: 7"), (Unreachable, StreamBroken)),
        (Fate(size=0), (Unreachable, StreamBroken)),
    ],
    ids=["500", "page", "redirect", "two lengths", "cut"],
)
def test_what_is_no_answer_is_never_taken_for_one(call: Any, door: tuple[str, ...], fate: Fate, kind: Any) -> None:
    # No desk is needed: nothing but the proxy answers.
    with Proxy(1, lambda number: fate) as proxy, pytest.raises(ClientError) as failed:
        call(proxy.url, *door)
    assert isinstance(failed.value, kind)
    assert len(proxy.requests) == 1


def test_a_refusal_carries_how_long_to_wait() -> None:
    body = b'{"error":{"code":"rate_limited","message":"Slower, please.","retryable":true}}'
    fate = said("429 Slow", body, "retry-after: 12")
    with Proxy(1, lambda number: fate) as proxy, pytest.raises(Refused) as refused:
        call(proxy.url, "ask", "Hello?")
    assert (refused.value.code, refused.value.retryable, refused.value.retry_after) == ("rate_limited", True, 12)


def test_a_lost_question_may_have_been_taken_and_an_unsent_one_was_not() -> None:
    with Proxy(1, lambda number: Fate(size=0)) as proxy, pytest.raises(StreamBroken, match="may or may not"):
        call(proxy.url, "ask", "Hello?")
    with pytest.raises(Unreachable) as failed:
        call("http://user:secret@127.0.0.1:1", "ask", "Hello?")
    assert "secret" not in str(failed.value)


def test_a_lost_change_may_have_been_made_and_a_lost_look_changed_nothing() -> None:
    with Proxy(1, lambda number: Fate(size=0)) as proxy:
        with pytest.raises(Unreachable, match="may or may not have done"):
            call(proxy.url, "rename", "t", "Title")
        with pytest.raises(Unreachable) as lost:
            call(proxy.url, "thread", "t")
    assert "may or may not" not in lost.value.message


def test_an_answer_without_bounds_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frontdesk.client.responses.MAX_BODY_BYTES", 1_000)
    fate = said("200 OK", b'{"x":"' + b"x" * 1_000 + b'"}')
    with Proxy(1, lambda number: fate) as proxy, pytest.raises(NotADesk, match=r"larger than 1,000 bytes"):
        call(proxy.url, "thread", "t")


def test_a_desk_that_is_not_well_still_says_how_it_is() -> None:
    with Proxy(1, lambda number: said("503 No", b'{"status":"unavailable"}')) as proxy:
        assert call(proxy.url, "health") == {"status": "unavailable"}


def test_the_key_goes_with_every_request_and_into_no_error() -> None:
    with (
        Proxy(1, lambda number: said("200 OK", b"")) as proxy,
        Desk(proxy.url, api_key="fd-secret\n".strip()) as desk,
    ):
        assert desk.delete("t") == {}
    assert b"\r\nauthorization: bearer fd-secret\r\n" in proxy.requests[0].lower()
    with pytest.raises(ValueError, match="no key can hold") as wrong:
        Desk(api_key="fd-secret\r\nx: y")
    assert "secret" not in str(wrong.value)


@pytest.mark.parametrize(
    ("request_", "method", "url", "body"),
    [
        (endpoints.ask("Hi", session_id=None, when_busy="reject").request, "POST", "/chat", {"message": "Hi"}),
        (
            endpoints.ask("Hi", agent="a b").request,
            "POST",
            "/api/agents/a%20b/chat",
            {"message": "Hi", "stream": False},
        ),
        (
            endpoints.stream("Hi", agent="a", thread_id="t", when_busy="wait", on_disconnect="cancel").request,
            "POST",
            "/api/agents/a/chat",
            {"message": "Hi", "stream": True, "thread_id": "t", "when_busy": "wait", "on_disconnect": "cancel"},
        ),
        (endpoints.cancel("r").request, "POST", "/runs/r/cancel", None),
        (endpoints.feedback("r", "up").request, "POST", "/runs/r/feedback", {"rating": "up"}),
        (
            endpoints.feedback("r", "down", "No").request,
            "POST",
            "/runs/r/feedback",
            {"rating": "down", "comment": "No"},
        ),
        (people_endpoints.delete_person("a@b").request, "DELETE", "/api/people/a%40b", None),
        (people_endpoints.delete_person("ann", "documents").request, "DELETE", "/api/people/ann/documents", None),
        (endpoints.thread("../t").request, "GET", "/api/threads/..%2Ft", None),
        (endpoints.rename("t", "T").request, "PATCH", "/api/threads/t", {"title": "T"}),
        (endpoints.create_agent({"id": "a"}).request, "POST", "/api/agents", {"id": "a"}),
        (endpoints.replace_agent("a", {"id": "a"}).request, "PUT", "/api/agents/a", {"id": "a"}),
    ],
)
def test_a_call_is_sent_to_its_door(request_: HttpRequest, method: str, url: str, body: Any) -> None:
    sent = json.loads(request_.content) if request_.content else None
    assert (request_.method, request_.url, sent) == (method, url, body)


def test_what_is_chosen_goes_into_the_query() -> None:
    assert endpoints.threads(limit=5, search="a&b", status=None).request.params == {"limit": "5", "search": "a&b"}
    assert endpoints.threads(session_prefix="web:").request.params == {"session_prefix": "web:"}
    assert endpoints.threads(session="web").request.params == {"session": "web"}
    assert endpoints.delete("t", hard=True).request.params == {"hard_delete": "true"}
    assert endpoints.export("t", "json").request.params == {"format": "json"}


@pytest.mark.parametrize("wrong", ["", ".", "..", "x" * 100_000], ids=["none", "here", "above", "long"])
def test_an_id_that_would_lead_elsewhere_is_not_sent(wrong: str) -> None:
    with pytest.raises(IdInvalid):
        endpoints.delete(wrong)
