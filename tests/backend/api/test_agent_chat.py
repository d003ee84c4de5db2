"""Talking to one agent: nobody is routed, the conversation is listed under the agent, and who cannot be asked."""

from typing import Any

import httpx
import pytest

from tests.sse import check_whole, frames, text_of

QUESTION = "How long do refunds of duplicate charges take?"


def stream(client: httpx.Client, agent: str, **asked: object) -> list[dict[str, Any]]:
    with client.stream("POST", f"/api/agents/{agent}/chat", json={"stream": True, **asked}) as response:
        return check_whole(list(frames(response)))


def chat(client: httpx.Client, agent: str, **asked: object) -> dict[str, Any]:
    return dict(client.post(f"/api/agents/{agent}/chat", json=asked).raise_for_status().json())


def refusal(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_the_chosen_agent_answers_and_no_router_is_asked(client: httpx.Client) -> None:
    events = stream(client, "billing", message=QUESTION)
    (route,) = (event for event in events if event["type"] == "route")
    assert (route["agents"], route["router"], route["model"]) == (["billing"], "user", "none")
    assert {event["agent"] for event in events if event["type"] == "token"} == {"billing"}
    assert "5 to 10 working days" in text_of(events)
    assert all(event["timestamp"] for event in events)
    assert "tokens_used" in events[-1]


def test_an_agent_keeps_to_what_it_knows_also_where_another_knows_better(client: httpx.Client) -> None:
    answer = chat(client, "compliance", message="Where is customer data stored?")
    assert answer["agents"] == ["compliance"]
    assert {source["agent"] for source in answer["sources"]} == {"compliance"}
    assert chat(client, "technical", message="Where is customer data stored?")["agents"] == ["technical"]


def test_whole_and_streamed_are_the_same(client: httpx.Client) -> None:
    assert chat(client, "billing", message=QUESTION)["answer"] == text_of(stream(client, "billing", message=QUESTION))


def test_a_conversation_goes_on_and_is_listed_under_its_agent_alone(client: httpx.Client) -> None:
    first = chat(client, "billing", message=QUESTION)
    again = chat(client, "billing", message="And annual plans?", thread_id=first["thread_id"])
    path = f"/api/agents/billing/threads/{first['thread_id']}"
    whole = client.get(path).json()
    assert again["thread_id"] == first["thread_id"]
    assert (whole["title"], whole["messages"]) == (QUESTION, 4)
    assert [message["role"] for message in whole["history"]] == ["user", "assistant"] * 2
    assert whole["history"][1]["content"] == first["answer"]
    listed = {agent: client.get(f"/api/agents/{agent}/threads").json() for agent in ("billing", "technical")}
    assert listed["billing"]["threads"][0]["id"] == first["thread_id"]
    assert first["thread_id"] not in str(listed["technical"])
    elsewhere = client.post("/api/agents/technical/chat", json={"message": "Hi", "thread_id": first["thread_id"]})
    assert refusal(elsewhere) == (404, "thread_not_found")
    assert refusal(client.get(path.replace("billing", "technical"))) == (404, "thread_not_found")


@pytest.mark.parametrize("hard", [False, True])
def test_a_conversation_is_put_away_or_destroyed(client: httpx.Client, hard: bool) -> None:
    thread_id = chat(client, "billing", message=QUESTION)["thread_id"]
    path = f"/api/agents/billing/threads/{thread_id}"
    gone = client.delete(path, params={"hard_delete": hard}).json()
    deleted = client.get("/api/agents/billing/threads", params={"status": "deleted"}).json()["threads"]
    assert gone == {"deleted": thread_id, "hard": hard}
    assert thread_id not in str(client.get("/api/agents/billing/threads").json())
    assert (thread_id in {thread["id"] for thread in deleted}) is not hard
    assert client.get(path).status_code == (404 if hard else 200)


def test_a_person_is_called_also_by_a_chosen_agent(client: httpx.Client) -> None:
    events = stream(client, "billing", message="I want to talk to a person")
    assert [event["cause"] for event in events if event["type"] == "handoff"] == ["asked"]
    assert events[-1]["finish_reason"] == "handoff"


def test_the_supervisor_is_an_agent_that_routes(client: httpx.Client) -> None:
    answer = chat(client, "supervisor", message=QUESTION)
    listed = client.get("/api/agents/supervisor/threads").json()
    assert answer["agents"] == ["billing"]
    assert listed["threads"][0]["id"] == answer["thread_id"]


@pytest.mark.parametrize("agent", ["nobody", "llm", "Billing"])
@pytest.mark.parametrize("streamed", [False, True])
def test_who_is_not_there_cannot_be_asked(client: httpx.Client, agent: str, streamed: bool) -> None:
    response = client.post(f"/api/agents/{agent}/chat", json={"message": QUESTION, "stream": streamed})
    assert refusal(response) == (404, "agent_not_found")
    assert refusal(client.get(f"/api/agents/{agent}/threads")) == (404, "agent_not_found")


@pytest.mark.parametrize("streamed", [False, True])
def test_who_is_switched_off_is_not_asked_but_remembers(client: httpx.Client, streamed: bool) -> None:
    thread_id = chat(client, "billing", message=QUESTION)["thread_id"]
    billing = client.get("/api/agents/billing").json()
    client.put("/api/agents/billing", json=billing | {"enabled": False}).raise_for_status()
    response = client.post("/api/agents/billing/chat", json={"message": QUESTION, "stream": streamed})
    assert refusal(response) == (409, "agent_disabled")
    assert client.get("/api/agents/billing/threads").json()["threads"][0]["id"] == thread_id
    assert client.get(f"/api/agents/billing/threads/{thread_id}").status_code == 200


def test_a_model_is_asked_for_where_only_documents_can_be_quoted(client: httpx.Client) -> None:
    asked = {"messages": [{"role": "user", "content": "Hello?"}]}
    whole = client.post("/api/llm/chat", json=asked)
    with client.stream("POST", "/api/llm/chat/stream", json=asked) as response:
        (frame,) = (frame for _, frame in frames(response))
    assert refusal(whole) == (503, "models_unavailable")
    assert "set OPENAI_API_KEY, AI_SERVICE_URL or WORKER_MODEL" in whole.json()["error"]["message"]
    assert frame["error"] == whole.json()["error"]
