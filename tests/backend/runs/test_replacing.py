"""Asking again: a question takes the place of the last one of its conversation, which is withdrawn and kept."""

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.backend.asking import (
    BROKEN,
    HELD,
    QUICK,
    SLOW,
    Provided,
    as_user,
    begin,
    end_badly,
    follow,
    held,
    keys,
    provided,
    refusal,
)
from tests.serving import Server, serve
from tests.sse import frames

# Each test is a user of its own, so that lists and searches are its own too.
USERS = [f"user{number}" for number in range(24)]
FIRST, OLD, NEW = (
    "How are annual plans refunded?",
    "How are zebra charges refunded?",
    "How are duplicate ones refunded?",
)
# For the scripted model.
PLACED, ZEBRA = "How are refunds paid? 60 tokens, 5 ms apart", "How are zebra refunds paid? 3 tokens"
DOORS = ["/chat", "/chat/stream", "/api/agents/billing/chat"]


@pytest.fixture(scope="module")
def running(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provided]:
    with provided(indexed, tmp_path_factory.mktemp("replacing"), API_KEYS=keys(*USERS), MAX_USER_RUNS=50) as opened:
        yield opened


@pytest.fixture(scope="module")
def users() -> Iterator[str]:
    return iter(USERS)


@pytest.fixture
def client(running: Provided, users: Iterator[str]) -> Iterator[httpx.Client]:
    with as_user(running.desk, next(users)) as opened:
        yield opened


def ask(client: httpx.Client, message: str, door: str = "/chat", **body: Any) -> dict[str, Any]:
    """The run, once it has ended."""
    run_id = begin(client, message, path=door, **body) if door.endswith("stream") else None
    if run_id is None:
        run_id = client.post(door, json={"message": message, **body}).raise_for_status().json()["run_id"]
    follow(client, run_id)
    return run_of(client, run_id)


def run_of(client: httpx.Client, run_id: str) -> dict[str, Any]:
    return dict(client.get(f"/runs/{run_id}").raise_for_status().json())


def thread_of(client: httpx.Client, run: dict[str, Any]) -> dict[str, Any]:
    return dict(client.get(f"/api/threads/{run['thread_id']}").raise_for_status().json())


def runs_shown(client: httpx.Client, run: dict[str, Any]) -> list[tuple[str, str]]:
    return [(turn["role"], turn["run_id"]) for turn in thread_of(client, run)["history"]]


def both(*runs: dict[str, Any]) -> list[tuple[str, str]]:
    """What is shown of runs that have answered."""
    return [(role, run["id"]) for run in runs for role in ("user", "assistant")]


def replacing(client: httpx.Client, run: dict[str, Any], message: str = NEW, **body: Any) -> httpx.Response:
    return client.post("/chat", json={"message": message, "replaces": run["id"], **body})


@pytest.mark.parametrize("named", ["session_id", "thread_id", None])
@pytest.mark.parametrize("door", DOORS)
def test_the_new_message_stands_in_the_place_of_the_last(client: httpx.Client, door: str, named: str | None) -> None:
    first = ask(client, FIRST, door)
    old = ask(client, OLD, door, session_id=first["session_id"])
    events = follow(client, old["id"])
    new = ask(client, NEW, door, replaces=old["id"], **({named: first[named]} if named else {}))
    shown = thread_of(client, first)
    assert [(turn["role"], turn["run_id"]) for turn in shown["history"]] == both(first, new)
    assert (shown["messages"], [turn["content"] for turn in shown["history"]][2]) == (4, NEW)
    assert (new["thread_id"], new["session_id"]) == (first["thread_id"], first["session_id"])
    assert (new["replaces"], new["replaced_by"], new["status"]) == (old["id"], None, "completed")
    # It was paid for, and whoever holds its id may read it.
    assert run_of(client, old["id"]) == old | {"replaced_by": new["id"]}
    assert old["answer"]
    assert follow(client, old["id"]) == events


def test_the_model_is_told_of_the_new_question_alone(client: httpx.Client, running: Provided) -> None:
    first = ask(client, FIRST)
    old = ask(client, OLD, session_id=first["session_id"])
    new = ask(client, NEW, replaces=old["id"])
    ask(client, "What did I ask before?", session_id=first["session_id"])
    for request, asked in zip(running.answers[-2:], ([FIRST], [FIRST, NEW]), strict=True):
        said = [message["content"] for message in request.body["messages"] if message["role"] == "user"]
        assert [question for question in (FIRST, OLD, NEW) if question in "\n".join(said[:-1])] == asked
        assert OLD not in str(request.body)
    assert new["answer"] == "A short answer."


def test_what_is_withdrawn_is_neither_found_nor_exported(client: httpx.Client) -> None:
    first = ask(client, FIRST)
    old = ask(client, OLD, session_id=first["session_id"])
    new = ask(client, NEW, replaces=old["id"])
    totals = {word: client.get(f"/api/threads?search={word}").json()["total"] for word in ("zebra", "duplicate ones")}
    assert totals == {"zebra": 0, "duplicate ones": 1}
    assert client.get("/api/threads").json()["threads"][0]["messages"] == 4
    exports = [client.get(f"/api/threads/{new['thread_id']}/export?format={format}") for format in ("markdown", "json")]
    assert [("zebra" in export.text, NEW in export.text) for export in exports] == [(False, True)] * 2


def test_a_conversation_is_called_after_its_first_question_that_stands(client: httpx.Client) -> None:
    run = ask(client, OLD)
    for message in (NEW, FIRST):
        run = ask(client, message, replaces=run["id"])
        assert thread_of(client, run)["title"] == message
    second = ask(client, FIRST, session_id=run["session_id"])
    second = ask(client, OLD, replaces=second["id"])
    assert thread_of(client, second)["title"] == FIRST
    renamed = ask(client, OLD)
    client.patch(f"/api/threads/{renamed['thread_id']}", json={"title": "Mine"}).raise_for_status()
    renamed = ask(client, NEW, replaces=renamed["id"])
    assert thread_of(client, renamed)["title"] == "Mine"


def test_only_the_last_run_of_ones_own_conversation_can_be_replaced(
    client: httpx.Client, running: Provided, users: Iterator[str]
) -> None:
    first = ask(client, FIRST)
    old = ask(client, OLD, session_id=first["session_id"])
    elsewhere = ask(client, FIRST, session_id="elsewhere")
    with as_user(running.desk, next(users)) as other:
        assert refusal(replacing(other, old)) == refusal(replacing(other, {"id": "none"})) == (404, "run_not_found")
        assert other.get("/api/threads?status=all").json()["total"] == 0
    for refused in (
        replacing(client, first),
        replacing(client, first, when_busy="interrupt"),
        replacing(client, old, session_id="elsewhere"),
        replacing(client, old, thread_id=elsewhere["thread_id"]),
        replacing(client, old, session_id="new"),
    ):
        assert refusal(refused) == (409, "run_not_last")
        assert not refused.json()["error"]["retryable"]
    with_another = client.post("/api/agents/billing/chat", json={"message": NEW, "replaces": old["id"]})
    assert refusal(with_another) == (404, "thread_not_found")
    assert runs_shown(client, first) == both(first, old)
    assert client.get("/api/threads?status=all").json()["total"] == 2
    assert [run_of(client, run["id"])["replaced_by"] for run in (first, old)] == [None, None]


def test_what_is_under_way_is_neither_replaced_nor_stopped(client: httpx.Client) -> None:
    first = ask(client, FIRST, session_id="busy")
    with held(client, session_id="busy") as run:
        for when_busy in ("reject", "enqueue", "interrupt"):
            assert refusal(replacing(client, run, when_busy=when_busy)) == (409, "thread_busy")
            assert refusal(replacing(client, first, when_busy=when_busy)) == (409, "run_not_last")
        assert run_of(client, run["id"])["status"] == "in_progress"


def test_a_conversation_that_was_put_away_takes_no_question(client: httpx.Client) -> None:
    old = ask(client, OLD)
    client.delete(f"/api/threads/{old['thread_id']}").raise_for_status()
    assert refusal(replacing(client, old)) == (404, "thread_not_found")


@pytest.mark.parametrize("message", [BROKEN, HELD])
def test_a_run_that_failed_or_was_stopped_is_asked_again(client: httpx.Client, running: Provided, message: str) -> None:
    first = ask(client, FIRST)
    run_id = end_badly(client, message, session_id=first["session_id"])
    new = ask(client, QUICK, replaces=run_id)
    assert runs_shown(client, first) == both(first, new)
    assert message not in str(running.answers[-1].body)
    assert "word0" not in str(running.answers[-1].body)


@pytest.mark.parametrize(("message", "status"), [(BROKEN, "failed"), (HELD, "cancelled")])
def test_a_new_run_that_ends_badly_leaves_its_own_question(
    client: httpx.Client, running: Provided, message: str, status: str
) -> None:
    old = ask(client, OLD)
    run_id = end_badly(client, message, replaces=old["id"])
    history = thread_of(client, old)["history"]
    assert [(turn["run_id"], turn["status"]) for turn in history] == [(run_id, status)] * 2
    assert history[0]["content"] == message
    ask(client, FIRST, session_id=old["session_id"])
    told = str(running.answers[-1].body)
    assert (OLD in told, message in told) == (False, True)


def test_of_many_that_replace_one_run_at_once_one_does(client: httpx.Client) -> None:
    old = ask(client, OLD)
    ways: list[dict[str, Any]] = [
        {**named, "when_busy": when_busy}
        for named in ({}, {"session_id": old["session_id"]}, {"thread_id": old["thread_id"]})
        for when_busy in ("reject", "enqueue", "interrupt")
    ]
    with ThreadPoolExecutor(len(ways)) as pool:
        replies = list(pool.map(lambda way: replacing(client, old, SLOW, **way), ways))
    (won,) = (reply.json() for reply in replies if reply.is_success)
    refused = [refusal(reply) for reply in replies if not reply.is_success]
    assert refused == [(409, "run_not_last")] * (len(ways) - 1)
    assert run_of(client, won["run_id"])["status"] == "completed"
    assert runs_shown(client, old) == both({"id": won["run_id"]})


@contextmanager
def scripted(data_dir: Path) -> Iterator[tuple[Server, httpx.Client]]:
    with serve(data_dir, "tests.scripted", ANSWER_THRESHOLD=0) as server, server.client() as client:
        yield server, client


def remembered(data_dir: Path) -> str:
    """What the agents will be told of all conversations."""
    with closing(sqlite3.connect(data_dir / "graph.db")) as memory:
        return str([row for table in ("checkpoints", "writes") for row in memory.execute(f"SELECT * FROM {table}")])


def test_a_desk_that_is_killed_after_it_took_the_question_has_withdrawn_the_old_one(data_dir: Path) -> None:
    with scripted(data_dir) as (server, client):
        first = ask(client, PLACED, session_id="s")
        old = ask(client, ZEBRA, session_id="s")
        with client.stream("POST", "/chat/stream", json={"message": PLACED, "replaces": old["id"]}) as response:
            new = next(frames(response))[1]["run_id"]
        server.kill()
    assert ZEBRA in remembered(data_dir)
    with scripted(data_dir) as (_, client):
        assert follow(client, new)[-1]["type"] == "done"
        assert runs_shown(client, first) == both(first, run_of(client, new))
        assert run_of(client, old["id"]) == old | {"replaced_by": new}
        assert refusal(replacing(client, old)) == (409, "run_not_last")
        again = ask(client, PLACED, replaces=new)
        assert runs_shown(client, first) == both(first, again)
    assert ZEBRA not in remembered(data_dir)
    assert remembered(data_dir).count(PLACED) == 2


def test_whenever_a_desk_is_killed_one_of_the_two_stands(data_dir: Path) -> None:
    with scripted(data_dir) as (_, client):
        old = ask(client, ZEBRA)
    for wait in (0.0, 0.005, 0.01, None):
        with scripted(data_dir) as (server, client), ThreadPoolExecutor(1) as pool:
            asked = [turn["run_id"] for turn in thread_of(client, old)["history"] if turn["role"] == "user"]
            before = run_of(client, old["id"])
            assert asked == [before["replaced_by"] or before["id"]]
            follow(client, asked[0])
            old = run_of(client, asked[0])
            assert runs_shown(client, old) == both(old)
            if wait is not None:
                posted = pool.submit(replacing, client, old, ZEBRA)
                # Wherever this falls, what is asserted holds.
                time.sleep(wait)
                server.kill()
                assert isinstance(posted.exception(), httpx.TransportError)
