"""Who waits for a person, what a person has seen to, and which questions no document answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.storage.sql import migrations
from backend.storage.stores import sql_stores
from knowledge.storage.sqlite import SqliteDatabase
from tests.backend.asking import refusal
from tests.serving import Server

BITCOIN = "Can I pay with Bitcoin from a hardware wallet in Brazil?"
HUMAN = "I want to talk to a human"


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as opened:
        yield opened


def ask(client: httpx.Client, message: str, **body: str) -> dict[str, Any]:
    return dict(client.post("/chat", json={"message": message, **body}).raise_for_status().json())


def of_run(client: httpx.Client, run_id: str, **filters: Any) -> list[dict[str, Any]]:
    found = client.get("/api/handovers", params={"limit": 200, **filters}).json()["handovers"]
    return [one for one in found if one["run_id"] == run_id]


@pytest.mark.parametrize(("message", "cause"), [(HUMAN, "asked"), (BITCOIN, "unanswered")])
def test_whoever_asks_for_a_person_or_gets_no_answer_waits_for_one(
    client: httpx.Client, message: str, cause: str
) -> None:
    before = ask(client, "How are refunds of duplicate charges paid?", session_id=f"waits-{cause}")
    run = ask(client, message, session_id=f"waits-{cause}")
    (waiting,) = of_run(client, run["run_id"])
    assert (waiting["cause"], waiting["thread_id"], waiting["user_id"]) == (cause, run["thread_id"], "local")
    assert waiting["reason"]
    assert {waiting[name] for name in ("resolved_at", "resolved_by", "note", "contact", "message")} == {None}
    whole = client.get(f"/api/handovers/{waiting['id']}").json()
    assert [turn["run_id"] for turn in whole.pop("transcript")] == [before["run_id"]] * 2 + [run["run_id"]] * 2
    assert whole == {**waiting, "withheld": False}


def test_whoever_is_answered_waits_for_nobody(client: httpx.Client) -> None:
    run = ask(client, "How are refunds of duplicate charges paid?")
    assert of_run(client, run["run_id"]) == of_run(client, run["run_id"], resolved=True) == []


def test_the_longest_waiting_come_first_page_by_page(client: httpx.Client) -> None:
    runs = [ask(client, HUMAN)["run_id"] for _ in range(3)]
    listed = client.get("/api/handovers?limit=200").json()
    places = [[one["run_id"] for one in listed["handovers"]].index(run) for run in runs]
    assert places == sorted(places)
    assert listed["total"] == len(listed["handovers"])
    last = client.get(f"/api/handovers?limit=1&offset={listed['total'] - 1}").json()
    assert [one["run_id"] for one in last["handovers"]] == [runs[-1]]


def test_a_hand_over_is_resolved_once(client: httpx.Client) -> None:
    run_id = ask(client, HUMAN)["run_id"]
    (waiting,) = of_run(client, run_id)
    door = f"/api/handovers/{waiting['id']}/resolve"
    first = client.post(door, json={"note": "Called back."}).raise_for_status().json()
    assert (first["resolved_by"], first["note"]) == ("local", "Called back.")
    assert client.post(door, json={"note": "Me too."}).json() == first
    assert (of_run(client, run_id), of_run(client, run_id, resolved=True)) == ([], [first])
    assert refusal(client.post(door, json={"note": "x" * 4_001})) == (422, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_hand_over_that_is_not_there_is_not_found(client: httpx.Client, method: str) -> None:
    path = "/api/handovers/nothing" + ("/resolve" if method == "POST" else "")
    body: dict[str, str] | None = {} if method == "POST" else None
    assert refusal(client.request(method, path, json=body)) == (404, "handover_not_found")


def call_for_a_person(client: httpx.Client, **body: Any) -> dict[str, Any]:
    reply = client.post("/api/handovers", json=body)
    assert reply.status_code == 201, reply.text
    return dict(reply.json())


def test_whoever_calls_for_a_person_is_listed_with_what_they_say_and_asked_last(client: httpx.Client) -> None:
    questions = [f"How is a duplicate charge refunded, number {number}? {'x' * 600}" for number in range(6)]
    *_, thread_id = [ask(client, question, session_id="calls")["thread_id"] for question in questions]
    called = call_for_a_person(client, thread_id=thread_id, contact="  ada@example.org ", message="It's urgent")
    assert (called["thread_id"], called["run_id"], called["cause"]) == (thread_id, None, "asked")
    assert (called["contact"], called["message"]) == ("ada@example.org", "It's urgent")
    assert called["summary"] == "\n".join(question[:500] for question in questions[-4:])
    assert called in client.get("/api/handovers?limit=200").json()["handovers"]
    whole = client.get(f"/api/handovers/{called['id']}").json()
    assert len(whole.pop("transcript")) == 12
    assert whole == {**called, "withheld": False}
    resolved = client.post(f"/api/handovers/{called['id']}/resolve", json={"note": "Called."}).json()
    assert resolved["resolved_by"] == "local"


def test_a_person_is_called_outside_of_any_conversation(client: httpx.Client) -> None:
    called = call_for_a_person(client, contact="+49 30 1234", message="Nobody answers the telephone.")
    assert (called["thread_id"], called["summary"]) == (None, "")
    assert client.get(f"/api/handovers/{called['id']}").json()["transcript"] == []
    assert call_for_a_person(client, contact="+49 30 1234")["id"] != called["id"]


def test_an_offer_that_waits_is_taken_up_and_one_that_was_seen_to_is_not(client: httpx.Client) -> None:
    run = ask(client, HUMAN, session_id="offered")
    (offered,) = of_run(client, run["run_id"])
    called = call_for_a_person(client, thread_id=run["thread_id"], contact="ada@example.org")
    assert called == {**offered, "contact": "ada@example.org", "message": ""}
    assert call_for_a_person(client, thread_id=run["thread_id"], contact="ada@example.org")["id"] != offered["id"]
    again = ask(client, HUMAN, session_id="offered")
    (offered,) = of_run(client, again["run_id"])
    client.post(f"/api/handovers/{offered['id']}/resolve", json={}).raise_for_status()
    assert call_for_a_person(client, thread_id=run["thread_id"], contact="ada@example.org")["id"] != offered["id"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"contact": " "},
        {"contact": "x" * 201},
        {"contact": "a\nb"},
        {"contact": "a", "message": "x" * 4_001},
        {"contact": "a", "thread_id": 7},
    ],
)
def test_a_call_for_a_person_that_cannot_be_is_refused(client: httpx.Client, body: dict[str, Any]) -> None:
    assert refusal(client.post("/api/handovers", json=body)) == (422, "invalid_request")


def test_a_person_is_called_only_in_a_conversation_of_ones_own(client: httpx.Client) -> None:
    refused = client.post("/api/handovers", json={"contact": "a", "thread_id": "nothing"})
    assert refusal(refused) == (404, "thread_not_found")


def times(client: httpx.Client) -> dict[str, tuple[int, str, str]]:
    """How often each unanswered question was asked, how it was put last, and by which run."""
    rows = client.get("/api/unanswered?limit=200").raise_for_status().json()["questions"]
    return {row["question"].lower().strip(" ?!."): (row["times"], row["question"], row["run_id"]) for row in rows}


def test_equal_questions_without_an_answer_are_one_in_the_report(client: httpx.Client) -> None:
    first, again = ask(client, BITCOIN), f"{BITCOIN.lower()} !?"
    name = BITCOIN.lower().strip("?")
    before = times(client)[name]
    assert before[1:] == (BITCOIN, first["run_id"])
    last = ask(client, again)
    ask(client, HUMAN)
    assert times(client)[name] == (before[0] + 1, again, last["run_id"])
    assert HUMAN.lower() not in times(client)
    assert len(client.get("/api/unanswered?limit=1").json()["questions"]) == 1


@pytest.mark.parametrize("query", ["days=0", "days=3651", "limit=0"])
def test_a_report_that_cannot_be_is_refused(client: httpx.Client, query: str) -> None:
    assert refusal(client.get(f"/api/unanswered?{query}")) == (422, "invalid_request")


def test_what_is_destroyed_waits_for_nobody(client: httpx.Client) -> None:
    run = ask(client, BITCOIN)
    (waiting,) = of_run(client, run["run_id"])
    call_for_a_person(client, thread_id=run["thread_id"], contact="ada@example.org")
    called = call_for_a_person(client, thread_id=run["thread_id"], contact="ada@example.org")
    client.delete(f"/api/threads/{run['thread_id']}?hard_delete=true").raise_for_status()
    for gone in (waiting, called):
        assert refusal(client.get(f"/api/handovers/{gone['id']}")) == (404, "handover_not_found")
    assert run["run_id"] not in {row["run_id"] for row in client.get("/api/unanswered").json()["questions"]}


async def test_hand_overs_of_earlier_versions_are_kept(tmp_path: Path) -> None:
    old = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS[:6])
    await old.write(
        lambda db: [
            db.execute(statement)
            for statement in (
                "INSERT INTO threads VALUES ('t', 'ada', 'billing', 's', 'Refunds', 1, 2, NULL)",
                """INSERT INTO runs (id, thread_id, session_id, user_id, status, question, created_at)
                   VALUES ('r', 't', 's', 'ada', 'completed', 'How?', 1)""",
                """INSERT INTO handovers VALUES
                   ('h', 'r', 'billing', 'unanswered', 'why', 'what', 3, 4, 'olga', 'Called.')""",
            )
        ]
    )
    await old.close()
    new = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS)
    total, (kept,) = await sql_stores(new).handoffs.list_handoffs("ada", True, 10, 0)
    (unanswered,) = await sql_stores(new).handoffs.unanswered(0, 10)
    assert (total, kept.id, kept.run_id, kept.thread_id, kept.agent_id) == (1, "h", "r", "t", "billing")
    assert (kept.resolved_by, kept.note, kept.contact) == ("olga", "Called.", None)
    assert (unanswered.run_id, unanswered.times) == ("r", 1)
    await new.close()
