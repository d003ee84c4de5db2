"""The main door, over a real socket."""

from typing import Any

import pytest

from agents.conversation.wordings.english import ENGLISH_WORDING
from tests.serving import Server
from tests.sse import check_whole, frames, text_of

TWICE = "I was charged twice this month, how do I get my money back?"


def stream(server: Server, **body: Any) -> list[dict[str, Any]]:
    with server.client() as client, client.stream("POST", "/chat/stream", json=body) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-accel-buffering"] == "no"
        return check_whole(list(frames(response)))


def test_a_whole_answer_names_its_agent_and_sources(server: Server) -> None:
    with server.client() as client:
        answer = client.post("/chat", json={"message": TWICE}).json()
    assert answer["agents"] == ["billing"]
    assert answer["sources"][0]["uri"] == "billing/refunds.md"
    assert "invoice numbers" in answer["answer"]
    assert "[1]" in answer["answer"]
    assert set(answer) >= {"session_id", "thread_id", "run_id", "usage", "cost_usd", "time"}


def test_a_stream_begins_with_start_and_its_tokens_are_the_stored_answer(server: Server) -> None:
    events = stream(server, message="The upload API returns 413", session_id="s1")
    kinds = [event["type"] for event in events]
    assert kinds[0] == "start"
    assert kinds.index("route") < kinds.index("sources") < kinds.index("token")
    assert all(event["session_id"] == "s1" for event in events)
    with server.client() as client:
        run = client.get(f"/runs/{events[0]['run_id']}").json()
    assert run["status"] == "completed"
    assert run["answer"] == text_of(events)
    assert "multipart" in run["answer"]
    assert {step["step_type"] for step in run["steps"]} == {"route", "agent", "retrieve", "generate"}


def test_both_doors_give_the_same_answer(server: Server) -> None:
    with server.client() as client:
        whole = client.post("/chat", json={"message": TWICE}).json()
    assert text_of(stream(server, message=TWICE)) == whole["answer"]


def test_a_replay_is_byte_for_byte_what_was_streamed(server: Server) -> None:
    with server.client() as client:
        with client.stream("POST", "/chat/stream", json={"message": TWICE}) as response:
            first = response.read()
        run_id = first.split(b'"run_id":"')[1].split(b'"')[0].decode()
        assert client.get(f"/runs/{run_id}/stream").read() == first
        middle = client.get(f"/runs/{run_id}/stream", headers={"last-event-id": "3"}).read()
    assert middle == first[first.index(b"id: 4\n") :]


def test_a_follow_up_is_understood_from_the_conversation(server: Server) -> None:
    stream(server, message=TWICE, session_id="follow")
    events = stream(server, message="and how long does that take?", session_id="follow")
    assert "5 to 10 working days" in text_of(events)


def test_what_no_document_answers_is_declined_and_handed_over(server: Server) -> None:
    events = stream(server, message="Can I pay with Bitcoin from a hardware wallet in Brazil?")
    assert text_of(events).startswith(ENGLISH_WORDING.unknown)
    assert any(event["type"] == "handoff" for event in events)
    assert events[-1]["finish_reason"] == "declined"


def test_asking_for_a_person_hands_over(server: Server) -> None:
    events = stream(server, message="I want to talk to a human")
    assert next(event for event in events if event["type"] == "route")["needs_human"]
    assert events[-1]["finish_reason"] == "handoff"


def test_a_greeting_is_greeted(server: Server) -> None:
    assert "Billing" in text_of(stream(server, message="Hello!"))


def test_an_answer_that_nobody_waits_for_is_finished_and_kept(server: Server) -> None:
    with server.client() as client:
        with client.stream("POST", "/chat/stream", json={"message": TWICE}) as response:
            _, start = next(frames(response))
        with client.stream("GET", f"/runs/{start['run_id']}/stream") as response:
            events = check_whole(list(frames(response)))
        assert client.get(f"/runs/{start['run_id']}").json()["answer"] == text_of(events) != ""


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"message": ""}', 422, "message_invalid"),
        (b'{"message": "   "}', 422, "message_invalid"),
        (b'{"message": "%s"}' % (b"x" * 8_001), 413, "message_too_long"),
        (b'{"message": "\\ud800"}', 422, "message_invalid"),
        (b'{"message": 7}', 422, "invalid_request"),
        (b"{}", 422, "invalid_request"),
        (b'["message"]', 422, "invalid_request"),
        (b'{"message": "hi", "session_id": "../x"}', 422, "invalid_request"),
        (b'{"message": "hi", "session_id": 5}', 422, "invalid_request"),
        (b"not json", 400, "invalid_json"),
        (b'{"message": "\xff\xfe"}', 400, "invalid_body"),
        (b'{"message": "%s"}' % (b"x" * 1_000_001), 413, "body_too_large"),
    ],
)
@pytest.mark.parametrize("path", ["/chat", "/chat/stream"])
def test_bad_input_is_refused_before_the_first_byte(
    server: Server, path: str, body: bytes, status: int, code: str
) -> None:
    with server.client() as client:
        response = client.post(path, content=body, headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert response.json()["error"]["message"]


def test_a_body_without_a_length_is_limited_too(server: Server) -> None:
    chunks = (b"x" * 100_000 for _ in range(30))
    with server.client() as client:
        response = client.post("/chat", content=chunks, headers={"content-type": "application/json"})
    assert response.status_code == 413


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("GET", "/chat", 405)])
def test_what_is_not_there_says_so(server: Server, method: str, path: str, status: int) -> None:
    with server.client() as client:
        response = client.request(method, path)
    assert response.status_code == status
    assert response.json()["error"]["code"] in ("not_found", "method_not_allowed")


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"host": "evil.example"}])
def test_pages_of_other_sites_are_refused(server: Server, headers: dict[str, str]) -> None:
    with server.client() as client:
        response = client.post("/chat", json={"message": TWICE}, headers=headers)
    assert response.status_code == 403
