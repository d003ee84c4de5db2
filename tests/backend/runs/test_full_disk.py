"""A disk that is full in the middle of an answer: the run gets its one end as soon as there is room."""

import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.backend.asking import begin, follow, refusal
from tests.knowledge.storage.test_storage_full import no_room
from tests.serving import Server, serve
from tests.sse import check_whole, frames, text_of

BOUND = 120  # seconds
# For the scripted model: it speaks for as long as the disk is full, and until it is stopped.
LONG = "How are refunds paid? 100000 tokens, 5 ms apart"
SHORT = "How are refunds paid? 3 tokens"


@pytest.fixture
def desk(indexed: Path, tmp_path: Path) -> Iterator[Server]:
    data = Path(shutil.copytree(indexed, tmp_path / "data"))
    with serve(data, "tests.scripted", ANSWER_THRESHOLD=0, HEARTBEAT_SECONDS=600) as running:
        yield running


def run_of(client: httpx.Client, run_id: str) -> dict[str, Any]:
    return dict(client.get(f"/runs/{run_id}").raise_for_status().json())


def wait_for(client: httpx.Client, run_id: str, status: str) -> None:
    until(lambda: run_of(client, run_id)["status"] == status)


def wait_until_ended(client: httpx.Client, run_id: str) -> None:
    until(lambda: run_of(client, run_id)["ended_at"] is not None)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + BOUND
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)  # polls for a condition; the deadline above bounds it


class Following(threading.Thread):
    """A follower that was there before the disk was full."""

    def __init__(self, server: Server, run_id: str) -> None:
        super().__init__()
        self._server, self._run_id = server, run_id
        self.heard: list[tuple[int | None, dict[str, Any]]] = []

    def run(self) -> None:
        with self._server.client() as client, client.stream("GET", f"/runs/{self._run_id}/stream") as response:
            self.heard = list(frames(response))


def test_a_run_that_a_full_disk_cut_off_ends_with_the_first_write_that_succeeds(desk: Server) -> None:
    with desk.client() as client:
        runs = [begin(client, LONG, words=3, session_id=f"s{number}") for number in range(3)]
        followers = [Following(desk, run_id) for run_id in runs]
        for follower in followers:
            follower.start()
        with no_room(desk.process.pid):
            for run_id in runs:
                wait_for(client, run_id, "failed")
            # That is how it ended, though nobody can write it down; to stop it changes nothing.
            assert run_of(client, runs[0])["ended_at"] is None
            assert client.post(f"/runs/{runs[0]}/cancel").json() == {"run_id": runs[0], "status": "failed"}
            busy = client.post("/chat", json={"message": SHORT, "session_id": "s0"})
            assert refusal(busy)[0] in (409, 507)
        for run_id, follower in zip(runs, followers, strict=True):
            follower.join(BOUND)
            told = check_whole(follower.heard)
            assert (told[-1]["type"], told[-1]["code"]) == ("error", "storage_failed")
            run = run_of(client, run_id)
            assert (run["status"], run["error_code"], run["answer"]) == ("failed", "storage_failed", text_of(told))
            assert {step["status"] for step in run["steps"]} <= {"completed", "failed"}
            assert follow(client, run_id) == told
        assert client.post("/chat", json={"message": SHORT, "session_id": "s0"}).status_code == 200
        assert client.post(f"/runs/{runs[0]}/cancel").json()["status"] == "failed"


def test_whoever_cannot_wait_is_told_and_finds_the_end_later(indexed: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(indexed, tmp_path / "data"))
    with serve(data, "tests.scripted", ANSWER_THRESHOLD=0, HEARTBEAT_SECONDS=0.2) as desk, desk.client() as client:
        run_id = begin(client, LONG, words=3)
        with no_room(desk.process.pid):
            follower = Following(desk, run_id)
            follower.start()
            follower.join(BOUND)
            number, last = follower.heard[-1]
            assert (number, last["type"], last["code"]) == (None, "error", "storage_failed")
        # The first that is stored again shows that there is room.
        assert client.post("/chat", json={"message": SHORT}).status_code == 200
        wait_until_ended(client, run_id)
        told = follow(client, run_id)
        assert (told[-1]["type"], told[-1]["code"]) == ("error", "storage_failed")
        assert run_of(client, run_id)["answer"] == text_of(told)


def test_a_conversation_is_destroyed_though_its_run_waits_for_its_end(desk: Server) -> None:
    with desk.client() as client:
        run_id = begin(client, LONG, words=3)
        thread_id = run_of(client, run_id)["thread_id"]
        with no_room(desk.process.pid):
            wait_for(client, run_id, "failed")
            assert refusal(client.delete(f"/api/threads/{thread_id}?hard_delete=true")) == (507, "storage_full")
        assert client.delete(f"/api/threads/{thread_id}?hard_delete=true").status_code == 200
        assert client.get(f"/api/threads/{thread_id}").status_code == 404
        assert client.get(f"/runs/{run_id}").status_code == 404
        assert client.post("/chat", json={"message": SHORT}).status_code == 200


def test_a_desk_that_stops_meanwhile_leaves_the_end_to_the_next(indexed: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(indexed, tmp_path / "data"))
    settings = {"ANSWER_THRESHOLD": 0, "INTERRUPTED_RUNS": "end", "SHUTDOWN_SECONDS": 60}
    with serve(data, "tests.scripted", **settings) as desk, desk.client() as client:
        run_id = begin(client, LONG, words=3)
        with suppress(ProcessLookupError), no_room(desk.process.pid):
            wait_for(client, run_id, "failed")
            assert desk.interrupt() == 0
    with serve(data, "tests.scripted", **settings) as desk, desk.client() as client:
        told = follow(client, run_id)
        assert (told[-1]["type"], told[-1]["code"]) == ("error", "interrupted")
        assert run_of(client, run_id)["answer"] == text_of(told)


def test_a_deletion_does_not_wait_for_a_run_that_waits_for_room(desk: Server) -> None:
    with desk.client() as client:
        run_id = begin(client, LONG, words=3)
        # As an earlier try has left it, so that it needs no room to begin.
        with closing(sqlite3.connect(desk.data_dir / "desk.db")) as db, db:
            db.execute("INSERT INTO removals VALUES ('local', 'conversations', 'local', NULL, NULL, 1.0)")
        with no_room(desk.process.pid):
            wait_for(client, run_id, "failed")
            assert refusal(client.delete("/api/people/local/conversations", timeout=BOUND)) == (507, "storage_full")
        assert client.delete("/api/people/local/conversations").json()["runs"] == 1
        assert client.get(f"/runs/{run_id}").status_code == 404
