"""Agents are changed while the desk answers: the next question goes accordingly, and so it does after a restart."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.backend.agents import SALES, listing, make
from tests.serving import serve
from tests.sse import check_whole, frames

TRIALS = "# Trials\n\nA zeppelin trial lasts 45 days and needs no card.\n"
ABOUT_TRIALS = "How many days does a zeppelin trial last?"
ABOUT_REFUNDS = "Is an annual plan refunded within 30 days?"


def upload_trials(client: httpx.Client) -> dict[str, Any]:
    data = {"folder": "sales", "path": "trials.md"}
    response = client.post("/api/documents", files={"file": ("trials.md", TRIALS)}, data=data)
    return dict(response.raise_for_status().json())


def ask(client: httpx.Client, message: str) -> dict[str, Any]:
    return dict(client.post("/chat", json={"message": message}).raise_for_status().json())


def routed(client: httpx.Client, question: str) -> list[str]:
    """Who would take a question, by the box that asks nobody."""
    response = client.post("/api/agents/route", json={"question": question}).raise_for_status()
    return [agent["id"] for agent in response.json()["agents"]]


def test_a_new_agent_answers_the_next_question_from_its_own_documents(client: httpx.Client) -> None:
    data = {"folder": "sales", "path": "trials.md"}
    assert client.post("/api/documents", files={"file": ("t.md", TRIALS)}, data=data).status_code == 404
    make(client)
    document = upload_trials(client)
    answer = ask(client, ABOUT_TRIALS)
    client.delete(f"/api/documents/{document['id']}").raise_for_status()
    assert answer["agents"] == ["sales"]
    assert "45 days" in answer["answer"]
    assert answer["sources"][0]["uri"] == "sales/trials.md"


def test_changed_examples_route_otherwise(client: httpx.Client) -> None:
    question = "Who waters the office plants?"
    make(client, description="Answers about quotes.", examples=[])
    assert routed(client, question) != ["sales"]
    client.put("/api/agents/sales", json=SALES | {"examples": [question]}).raise_for_status()
    assert routed(client, question) == ["sales"]
    assert ask(client, question)["agents"] == ["sales"]


def test_who_is_switched_off_takes_no_question(client: httpx.Client) -> None:
    billing = client.get("/api/agents/billing").json()
    assert ask(client, ABOUT_REFUNDS)["agents"] == ["billing"]
    client.put("/api/agents/billing", json=billing | {"enabled": False}).raise_for_status()
    assert ask(client, ABOUT_REFUNDS)["agents"] not in ([], ["billing"])
    assert "Billing" not in ask(client, "hello")["answer"]
    assert listing(client)["billing"]["enabled"] is False
    client.put("/api/agents/billing", json=billing).raise_for_status()
    assert ask(client, ABOUT_REFUNDS)["agents"] == ["billing"]


def test_the_box_routes_as_a_question_would_be(client: httpx.Client) -> None:
    response = client.post("/api/agents/route", json={"question": ABOUT_REFUNDS}).raise_for_status().json()
    assert response.pop("confidence") > 0.5
    assert response == {
        "agents": [{"id": "billing", "name": "Billing", "question": ABOUT_REFUNDS}],
        "reason": "nearest to what Billing knows",
        "needs_human": False,
        "router": "meaning",
        "model": "embedded",
    }


@pytest.mark.parametrize(("question", "needs_human"), [("Thanks!", False), ("I want to talk to a person", True)])
def test_the_box_names_nobody_where_no_agent_would_answer(
    client: httpx.Client, question: str, needs_human: bool
) -> None:
    response = client.post("/api/agents/route", json={"question": question}).raise_for_status().json()
    assert (response["agents"], response["needs_human"]) == ([], needs_human)
    assert response["reason"]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"question": " "}, 422), ({"question": "x" * 8_001}, 413), ({"question": "a\x00"}, 422), ({}, 422)],
)
def test_the_box_takes_what_the_chat_takes(client: httpx.Client, body: dict[str, str], status: int) -> None:
    assert client.post("/api/agents/route", json=body).status_code == status


def test_a_restart_changes_nothing(data_dir: Path) -> None:
    with serve(data_dir) as desk, desk.client() as client:
        make(client)
        upload_trials(client)
        make(client, id="accounts", enabled=False)
        client.delete("/api/agents/billing").raise_for_status()
        technical = client.get("/api/agents/technical").json()
        client.put("/api/agents/technical", json=technical | {"name": "Engineers"}).raise_for_status()
        before = listing(client)
        desk.kill()
    with serve(data_dir) as desk, desk.client() as client:
        assert list(before) == ["compliance", "general", "technical", "accounts", "sales"]
        assert listing(client) == before
        assert ask(client, ABOUT_TRIALS)["agents"] == ["sales"]
        assert "billing" not in ask(client, ABOUT_REFUNDS)["agents"]
        make(client, id="billing", name="Billing again", examples=[ABOUT_REFUNDS], knowledge="billing")
        assert ask(client, ABOUT_REFUNDS)["agents"] == ["billing"]


def test_an_answer_under_way_outlives_its_agent(data_dir: Path) -> None:
    with serve(data_dir, "tests.scripted", ANSWER_THRESHOLD=0) as desk, desk.client() as client:
        question = {"message": "How are refunds of duplicate charges paid? 400 tokens, 5 ms apart"}
        with client.stream("POST", "/chat/stream", json=question) as response:
            numbered = frames(response)
            heard = [next(numbered)]
            while heard[-1][1]["type"] != "token":
                heard.append(next(numbered))
            client.delete("/api/agents/billing").raise_for_status()
            events = check_whole([*heard, *numbered])
        later = ask(client, "How are refunds of duplicate charges paid?")
    assert [event["agents"] for event in events if event["type"] == "route"] == [["billing"]]
    assert sum(event["type"] == "token" for event in events) == 400
    assert events[-1]["type"] == "done"
    assert "billing" not in later["agents"]
