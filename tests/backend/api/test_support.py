"""How well an answer is supported is told and kept wherever the answer is."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from frontdesk import Desk
from frontdesk.contracts.events import Done, Support
from tests.serving import Server
from tests.sse import frames

CHARGED = "I was charged twice this month, how do I get my money back?"
BITCOIN = "Can I pay with Bitcoin from a hardware wallet in Brazil?"


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as opened:
        yield opened


def ask(client: httpx.Client, message: str, session: str) -> dict[str, Any]:
    return dict(client.post("/chat", json={"message": message, "session_id": session}).raise_for_status().json())


def test_every_door_tells_the_same_of_an_answer(client: httpx.Client) -> None:
    answered = ask(client, CHARGED, "supported")
    support = Support.model_validate(answered["support"])
    assert 0 < support.score < 1, "how well it answers, not that it was copied"
    said = [answered["answer"][sentence.start : sentence.end] for sentence in support.sentences]
    assert said
    assert all(sentence and sentence in answered["answer"] for sentence in said)
    run = client.get(f"/runs/{answered['run_id']}").json()
    history = client.get(f"/api/threads/{answered['thread_id']}").json()["history"]
    with client.stream("GET", f"/runs/{answered['run_id']}/stream") as stream:
        (done,) = [event for _, event in frames(stream) if event["type"] == "done"]
    exported = client.get(f"/api/threads/{answered['thread_id']}/export?format=json").json()["messages"]
    told = [run["support"], history[1]["support"], Done.model_validate(done).support, exported[1]["support"]]
    assert [Support.model_validate(one) for one in told] == [support] * 4
    assert history[0]["support"] is None


def test_what_is_not_known_has_no_support(client: httpx.Client) -> None:
    answered = ask(client, BITCOIN, "unknown")
    assert answered["finish_reason"] == "declined"
    assert answered["support"] is None
    assert client.get(f"/runs/{answered['run_id']}").json()["support"] is None


def test_the_client_knows_it(server: Server) -> None:
    with Desk(server.url) as desk:
        answer = desk.ask(CHARGED, session_id="client")
        assert answer.support
        assert desk.run(answer.run_id).support == answer.support
