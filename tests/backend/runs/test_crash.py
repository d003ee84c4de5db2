"""The desk is killed, stopped, and left by its clients in the middle of answers by a scripted model."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import Server, serve
from tests.sse import check_whole, frames, text_of

LONG = "How are refunds paid? 400 tokens, 5 ms apart"
HELD = "How are refunds paid? 3 tokens, then hang"


@contextmanager
def scripted(data_dir: Path, **settings: float | str) -> Iterator[Server]:
    with serve(data_dir, "tests.scripted", ANSWER_THRESHOLD=0, **settings) as running:
        yield running


def ask(client: httpx.Client, message: str, session: str) -> dict[str, Any]:
    return dict(client.post("/chat", json={"message": message, "session_id": session}).json())


def read_until(response: httpx.Response, tokens: int) -> list[dict[str, Any]]:
    """The events up to and with this many tokens."""
    events: list[dict[str, Any]] = []
    for _, event in frames(response):
        events.append(event)
        if sum(seen["type"] == "token" for seen in events) == tokens:
            break
    return events


def replay(client: httpx.Client, run_id: str) -> list[dict[str, Any]]:
    with client.stream("GET", f"/runs/{run_id}/stream") as response:
        return check_whole(list(frames(response)))


def test_a_killed_desk_loses_nothing_that_was_acknowledged(data_dir: Path) -> None:
    seen = {}
    with scripted(data_dir) as server, server.client() as client:
        finished = ask(client, "How are refunds paid? 5 tokens", "before")
        for session, tokens in (("a", 1), ("b", 40), ("c", 150)):
            with client.stream("POST", "/chat/stream", json={"message": LONG, "session_id": session}) as response:
                seen[session] = read_until(response, tokens)
        server.kill()
    with scripted(data_dir) as server, server.client() as client:
        assert client.get(f"/runs/{finished['run_id']}").json()["answer"] == finished["answer"]
        for session, events in seen.items():
            run_id = events[0]["run_id"]
            stored = replay(client, run_id)
            assert stored[: len(events)] == events
            kinds = [event["type"] for event in stored]
            assert kinds[-1] == "done"
            assert kinds.count("reset") == 1
            run = client.get(f"/runs/{run_id}").json()
            assert (run["status"], run["attempts"], run["answer"]) == ("completed", 2, text_of(stored))
            assert run["answer"] == "".join(f"word{number} " for number in range(400))
            assert {step["status"] for step in run["steps"]} == {"completed", "failed"}
            assert ask(client, "How are refunds paid? 2 tokens", session)["answer"] == "word0 word1 "


def test_a_desk_that_is_to_end_interrupted_answers_says_that_they_may_be_asked_again(data_dir: Path) -> None:
    with scripted(data_dir) as server, server.client() as client:
        with client.stream("POST", "/chat/stream", json={"message": LONG, "session_id": "s"}) as response:
            events = read_until(response, 20)
        server.kill()
    with scripted(data_dir, INTERRUPTED_RUNS="end") as server, server.client() as client:
        stored = replay(client, events[0]["run_id"])
        run = client.get(f"/runs/{events[0]['run_id']}").json()
        after = ask(client, "How are refunds paid? 2 tokens", "s")
    assert stored[: len(events)] == events
    assert (stored[-1]["type"], stored[-1]["code"], stored[-1]["retryable"]) == ("error", "interrupted", True)
    assert (run["status"], run["error_code"], run["answer"]) == ("failed", "interrupted", text_of(stored))
    assert {step["status"] for step in run["steps"]} <= {"completed", "failed"}
    assert after["answer"] == "word0 word1 "


def test_a_second_restart_changes_nothing_more(data_dir: Path) -> None:
    with scripted(data_dir) as server, server.client() as client:
        with client.stream("POST", "/chat/stream", json={"message": LONG}) as response:
            run_id = read_until(response, 10)[0]["run_id"]
        server.kill()
    logs = []
    for _ in range(2):
        with scripted(data_dir) as server, server.client() as client:
            logs.append(client.get(f"/runs/{run_id}/stream").content)
            server.kill()
    assert logs[0] == logs[1]


def test_what_was_stopped_just_before_the_desk_was_killed_stays_stopped(data_dir: Path) -> None:
    with scripted(data_dir) as server, server.client() as client:
        with client.stream("POST", "/chat/stream", json={"message": HELD}) as response:
            run_id = read_until(response, 3)[0]["run_id"]
        acknowledged = client.post(f"/runs/{run_id}/cancel").json()["status"]
        server.kill()
    with scripted(data_dir) as server, server.client() as client:
        stored = replay(client, run_id)
        run = client.get(f"/runs/{run_id}").json()
    assert acknowledged == "cancelling"
    assert stored[-1]["type"] == "cancelled"
    assert (run["status"], run["attempts"]) == ("cancelled", 1)


def test_a_question_that_was_under_way_at_every_end_is_not_taken_up_for_ever(data_dir: Path) -> None:
    with scripted(data_dir) as server, server.client() as client:
        with client.stream("POST", "/chat/stream", json={"message": HELD}) as response:
            run_id = read_until(response, 1)[0]["run_id"]
        server.kill()
    for attempt in (2, 3, None):
        with scripted(data_dir) as server, server.client() as client:
            resets = 0
            with client.stream("GET", f"/runs/{run_id}/stream") as response:
                for _, event in frames(response):
                    resets += event["type"] == "reset"
                    if attempt and resets == attempt - 1 and event.get("content") == "word2 ":
                        break
            run = client.get(f"/runs/{run_id}").json()
            server.kill()
    assert (run["status"], run["error_code"], run["attempts"]) == ("failed", "interrupted", 3)


@pytest.mark.parametrize(("setting", "kind"), [("continue", None), ("end", "cancelled")])
def test_a_stopped_desk_leaves_its_answers_to_the_next_or_ends_them(
    data_dir: Path, setting: str, kind: str | None
) -> None:
    settings: dict[str, float | str] = {"SHUTDOWN_SECONDS": 1, "INTERRUPTED_RUNS": setting}
    with scripted(data_dir, **settings) as server, server.client() as client:
        with client.stream("POST", "/chat/stream", json={"message": HELD}) as response:
            numbered = []
            for numbered_event in frames(response):
                numbered.append(numbered_event)
                if numbered_event[1].get("content") == "word2 ":
                    server.process.terminate()
        assert server.process.wait(timeout=30) == 0
    events = [event for _, event in numbered]
    ends = [event["type"] for event in events if event["type"] in ("done", "cancelled", "error")]
    assert ends == [kind] * (kind is not None)
    with scripted(data_dir, RUN_TIMEOUT_SECONDS=2) as server, server.client() as client:
        stored = replay(client, events[0]["run_id"])
        run = client.get(f"/runs/{events[0]['run_id']}").json()
    assert stored[: len(events)] == events
    assert run["answer"] == text_of(stored) == "word0 word1 word2 "
    assert (run["status"], run["error_code"]) == (("cancelled", None) if kind else ("failed", "run_timeout"))


def test_a_stopped_desk_lets_short_answers_come_to_their_end(data_dir: Path) -> None:
    with scripted(data_dir, SHUTDOWN_SECONDS=20) as server, server.client() as client:
        with client.stream("POST", "/chat/stream", json={"message": LONG}) as response:
            numbered = []
            for numbered_event in frames(response):
                numbered.append(numbered_event)
                if numbered_event[1].get("content") == "word20 ":
                    server.process.terminate()
        assert server.process.wait(timeout=30) == 0
    assert check_whole(numbered)[-1]["type"] == "done"


@pytest.fixture(scope="module")
def quiet(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A scripted desk with short heartbeats and a short deadline."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("quiet") / "data"))
    with scripted(data, HEARTBEAT_SECONDS=0.2, RUN_TIMEOUT_SECONDS=2) as running:
        yield running


def test_silence_is_filled_with_heartbeats_and_a_hung_model_ends_in_a_typed_error(quiet: Server) -> None:
    with quiet.client() as client, client.stream("POST", "/chat/stream", json={"message": HELD}) as response:
        numbered = list(frames(response))
    events = check_whole(numbered)
    beats = [number for number, event in numbered if event["type"] == "heartbeat"]
    assert len(beats) >= 3
    assert set(beats) == {None}
    assert (events[-1]["type"], events[-1]["code"], events[-1]["retryable"]) == ("error", "run_timeout", True)


def test_a_whole_answer_that_times_out_is_an_error_with_its_status(quiet: Server) -> None:
    with quiet.client() as client:
        response = client.post("/chat", json={"message": HELD})
    assert (response.status_code, response.json()["error"]["code"]) == (504, "run_timeout")


def test_a_session_that_is_still_answering_refuses_a_second_message(quiet: Server) -> None:
    body = {"message": HELD, "session_id": "busy"}
    with quiet.client() as client, client.stream("POST", "/chat/stream", json=body) as response:
        read_until(response, 1)
        with quiet.client() as second:
            refused = second.post("/chat", json=body)
            other = second.post("/chat", json={"message": "Refunds? 2 tokens", "session_id": "free"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "thread_busy")
    assert other.status_code == 200


def test_many_readers_of_one_answer_read_the_same(quiet: Server) -> None:
    body = {"message": "Refunds? 50 tokens, 4 ms apart"}
    with quiet.client() as client, client.stream("POST", "/chat/stream", json=body) as response:
        events = frames(response)
        first = next(events)
        path = f"/runs/{first[1]['run_id']}/stream"
        with client.stream("GET", path) as second, client.stream("GET", f"{path}?after=2") as third:
            followed, tail = check_whole(list(frames(second))), list(frames(third))
        whole = check_whole([first, *events])
    assert followed == whole
    assert [event for number, event in tail if number is not None] == whole[3:]


@pytest.mark.parametrize("after", ["5000", "9007199254740992"])
def test_a_number_beyond_the_end_waits_for_what_comes(quiet: Server, after: str) -> None:
    body = {"message": HELD, "session_id": f"beyond-{after}"}
    with quiet.client() as client, client.stream("POST", "/chat/stream", json=body) as response:
        run_id = read_until(response, 1)[0]["run_id"]
        with client.stream("GET", f"/runs/{run_id}/stream?after={after}") as beyond:
            numbered = list(frames(beyond))
    assert {event["type"] for _, event in numbered} == {"heartbeat"}
    assert len(numbered) < 30


def test_a_number_that_no_run_can_have_is_refused(quiet: Server) -> None:
    with quiet.client() as client:
        assert client.get(f"/runs/x/stream?after={10**20}").status_code == 422


def test_half_a_character_from_a_model_spoils_nothing(quiet: Server) -> None:
    with quiet.client() as client:
        answer = client.post("/chat", json={"message": "Refunds? 2 tokens, half a character"}).json()
        after = client.post("/chat", json={"message": "Refunds? 2 tokens"}).json()
    assert answer["answer"] == "word0 word1 ?"
    assert after["answer"] == "word0 word1 "
