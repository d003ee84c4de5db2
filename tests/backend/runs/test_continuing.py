"""A desk that is killed in the middle of an answer goes on with it where it stood, and with what waited behind it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.scripted import asked_of
from tests.serving import serve
from tests.sse import check_whole, frames, text_of

PRICE, PLACE = "How much is the Team plan per month, {}", "and where is customer data stored, {}?"
QUICK, SLOW = "5 tokens", "150 tokens, 10 ms apart"
HELD = "How are refunds paid? 10 tokens, then hang"
WAITING = "How are refunds paid? 3 tokens"

Events = list[dict[str, Any]]


def both_speak(events: Events) -> bool:
    return {step["agent"] for step in events if step.get("step_type") == "generate"} == {"billing", "compliance"}


def one_has_finished(events: Events) -> bool:
    """And the other has said some words since, so that it is stored beyond the log too."""
    ended = [number for number, event in enumerate(events) if event.get("step_id") == "billing.agent"]
    return len(ended) >= 2 and tokens(events[ended[-1] :]) >= 10


def tokens(events: Events) -> int:
    return sum(event["type"] == "token" for event in events)


def words(asked: str) -> str:
    return "".join(f"word{number} " for number in range(int(asked.split()[0])))


def read_until(response: httpx.Response, moment: Callable[[Events], bool]) -> Events:
    """The events up to that moment, and some words."""
    events: Events = []
    for _, event in frames(response):
        events.append(event)
        if tokens(events) >= 10 and moment(events):
            break
    return events


def replay(client: httpx.Client, run_id: str) -> Events:
    with client.stream("GET", f"/runs/{run_id}/stream") as response:
        return check_whole(list(frames(response)))


@pytest.mark.parametrize(("moment", "price", "times"), [(both_speak, SLOW, (2, 2)), (one_has_finished, QUICK, (1, 2))])
def test_only_who_had_not_finished_is_asked_again(
    data_dir: Path, moment: Callable[[Events], bool], price: str, times: tuple[int, int]
) -> None:
    first, second = PRICE.format(price), PLACE.format(SLOW)
    body = {"message": f"{first}, {second}", "session_id": "s"}
    with serve(data_dir, "tests.scripted", ANSWER_THRESHOLD=0) as server, server.client() as client:
        with client.stream("POST", "/chat/stream", json=body) as response:
            seen = read_until(response, moment)
        server.kill()
    with serve(data_dir, "tests.scripted", ANSWER_THRESHOLD=0) as server, server.client() as client:
        stored = replay(client, seen[0]["run_id"])
        run = client.get(f"/runs/{seen[0]['run_id']}").json()
    asked = asked_of(data_dir)
    # A question of its own begins like one.
    assert (asked.count(first), asked.count(second.replace("and where", "Where"))) == times
    assert stored[: len(seen)] == seen
    sections = [f"**Billing**\n\n{words(price)}", f"**Compliance and privacy**\n\n{words(SLOW)}"]
    assert text_of(stored) in ("\n\n".join(sections), "\n\n".join(reversed(sections)))
    assert (run["status"], run["attempts"], run["answer"]) == ("completed", 2, text_of(stored))


def test_what_waited_behind_a_killed_answer_follows_it(data_dir: Path) -> None:
    asking, waiting = {"message": PRICE.format(SLOW), "session_id": "s"}, {"message": WAITING, "session_id": "s"}
    with serve(data_dir, "tests.scripted", ANSWER_THRESHOLD=0) as server, server.client() as client:
        with (
            client.stream("POST", "/chat/stream", json=asking) as response,
            client.stream("POST", "/chat/stream", json=waiting | {"when_busy": "enqueue"}) as behind,
        ):
            queued = next(frames(behind))[1]["run_id"]
            seen = read_until(response, lambda events: True)
        server.kill()
    with serve(data_dir, "tests.scripted", ANSWER_THRESHOLD=0) as server, server.client() as client:
        stored, then = replay(client, seen[0]["run_id"]), replay(client, queued)
        attempts = [client.get(f"/runs/{run_id}").json()["attempts"] for run_id in (seen[0]["run_id"], queued)]
    assert (stored[-1]["type"], then[-1]["type"]) == ("done", "done")
    assert (text_of(stored), text_of(then)) == (words(SLOW), words("3"))
    assert asked_of(data_dir) == [PRICE.format(SLOW), PRICE.format(SLOW), WAITING]
    assert attempts == [2, 1]


def spoil_memory(data_dir: Path) -> None:
    """Leave no checkpoint that can be read."""
    with closing(sqlite3.connect(data_dir / "graph.db")) as memory, memory:
        memory.execute("UPDATE checkpoints SET checkpoint = x'c1'")


@pytest.mark.parametrize(("interrupted", "code"), [("continue", "internal_error"), ("end", "interrupted")])
def test_an_answer_whose_memory_cannot_be_read_ends_all_the_same(data_dir: Path, interrupted: str, code: str) -> None:
    with serve(data_dir, "tests.scripted", ANSWER_THRESHOLD=0) as server, server.client() as client:
        with client.stream("POST", "/chat/stream", json={"message": HELD, "session_id": "s"}) as response:
            seen = read_until(response, lambda events: True)
        server.kill()
    spoil_memory(data_dir)
    settings = {"ANSWER_THRESHOLD": 0, "INTERRUPTED_RUNS": interrupted}
    with serve(data_dir, "tests.scripted", **settings) as server, server.client() as client:
        stored = replay(client, seen[0]["run_id"])
        elsewhere = client.post("/chat", json={"message": WAITING, "session_id": "other"}).json()
    assert (stored[-1]["type"], stored[-1]["code"]) == ("error", code)
    assert elsewhere["answer"] == words("3")
