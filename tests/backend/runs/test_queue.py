"""Several messages in one conversation, and answers that are stopped: from anywhere, at any time, more than once."""

import socket
import sqlite3
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from websockets.sync.client import connect

from tests.backend.asking import HELD, QUICK, SLOW, Provided, begin, follow, held, provided, refusal, roles
from tests.serving import Server
from tests.sse import frames, text_of


@pytest.fixture(scope="module")
def lanes(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provided]:
    with provided(indexed, tmp_path_factory.mktemp("lanes"), MAX_QUEUED=30) as running:
        yield running


@pytest.fixture(scope="module")
def desk(lanes: Provided) -> Server:
    return lanes.desk


@pytest.fixture
def client(desk: Server) -> Iterator[httpx.Client]:
    with desk.client() as opened:
        yield opened


def status(client: httpx.Client, run_id: str) -> str:
    return str(client.get(f"/runs/{run_id}").json()["status"])


def enqueue(client: httpx.Client, message: str, session: str) -> str:
    return begin(client, message, session_id=session, when_busy="enqueue")


def test_a_busy_conversation_refuses_unless_it_is_told_otherwise(client: httpx.Client) -> None:
    with held(client, session_id="busy") as run:
        by_session = client.post("/chat", json={"message": QUICK, "session_id": "busy"})
        by_thread = client.post("/chat/stream", json={"message": QUICK, "thread_id": run["thread_id"]})
    assert refusal(by_session) == refusal(by_thread) == (409, "thread_busy")
    assert by_session.json()["error"]["retryable"]


def test_queued_messages_keep_their_order_and_remember_those_before(client: httpx.Client, lanes: Provided) -> None:
    with held(client, session_id="queue") as first:
        runs = [enqueue(client, QUICK, "queue") for _ in range(3)]
        assert [status(client, run) for run in runs] == ["queued"] * 3
        stopped = client.post(f"/runs/{runs[1]}/cancel").json()
        assert stopped == {"run_id": runs[1], "status": "cancelling"}
        ended = follow(client, runs[1])
        assert [event["type"] for event in ended] == ["start", "cancelled"]
        assert [status(client, run) for run in runs] == ["queued", "cancelled", "queued"]
        asked = len(lanes.answers)
    ends = [follow(client, run)[-1]["type"] for run in runs]
    assert ends == ["done", "cancelled", "done"]
    assert [roles(request) for request in lanes.answers[asked:]] == [
        ["user", "assistant"] * turns + ["user"] for turns in (1, 2)
    ]
    history = client.get(f"/api/threads/{first['thread_id']}").json()["history"]
    assert [(turn["role"], turn["run_id"]) for turn in history] == [
        (role, run)
        for run in (first["id"], *runs)
        for role in ("user", "assistant")
        if (role, run) != ("assistant", runs[1])
    ]


def test_an_interruption_ends_what_is_before_it_and_keeps_what_was_said(client: httpx.Client) -> None:
    first = begin(client, HELD, words=3, session_id="interrupted")
    second = enqueue(client, HELD, "interrupted")
    answer = client.post("/chat", json={"message": QUICK, "session_id": "interrupted", "when_busy": "interrupt"})
    assert (answer.status_code, answer.json()["answer"]) == (200, "A short answer.")
    assert [follow(client, run)[-1]["type"] for run in (first, second)] == ["cancelled", "cancelled"]
    run = client.get(f"/runs/{first}").json()
    assert run["answer"] == text_of(follow(client, first)) == "word0 word1 word2 "
    assert {step["status"] for step in run["steps"]} <= {"completed", "cancelled"}


def test_many_first_messages_of_one_session_are_one_conversation(client: httpx.Client, desk: Server) -> None:
    def ask(number: int) -> dict[str, Any]:
        body = {"message": f"{QUICK} {number}", "session_id": "burst", "when_busy": "enqueue"}
        return dict(client.post("/chat", json=body).raise_for_status().json())

    with ThreadPoolExecutor(20) as pool:
        runs = list(pool.map(ask, range(20)))
    (thread,) = {run["thread_id"] for run in runs}
    history = client.get(f"/api/threads/{thread}").json()["history"]
    assert [turn["role"] for turn in history] == ["user", "assistant"] * 20
    assert all(asked["run_id"] == said["run_id"] for asked, said in zip(history[::2], history[1::2], strict=True))
    with closing(sqlite3.connect(desk.data_dir / "desk.db")) as db:
        answering = db.execute(
            """SELECT min(started_at), max(runs.ended_at) FROM steps JOIN runs ON runs.id = run_id
               WHERE thread_id = ? GROUP BY run_id ORDER BY 1""",
            (thread,),
        ).fetchall()
    assert len(answering) == 20
    assert all(begun >= ended for (_, ended), (begun, _) in pairwise(answering))


@pytest.mark.parametrize("door", ["/runs/{}/cancel", "/agent/cancel/{}"])
def test_stopping_is_the_same_however_often_it_is_done(client: httpx.Client, desk: Server, door: str) -> None:
    run_id = begin(client, HELD, words=1)
    with desk.client() as elsewhere:
        said = [elsewhere.post(door.format(run_id)).json()["status"] for _ in range(3)]
    log = follow(client, run_id)
    assert set(said) <= {"cancelling", "cancelled"}
    assert (said[0], log[-1]["type"]) == ("cancelling", "cancelled")
    assert client.post(door.format(run_id)).json() == {"run_id": run_id, "status": "cancelled"}
    assert follow(client, run_id) == log


def test_what_has_ended_well_stays_so(client: httpx.Client) -> None:
    run = client.post("/chat", json={"message": QUICK}).json()
    assert client.post(f"/runs/{run['run_id']}/cancel").json()["status"] == "completed"
    assert client.get(f"/runs/{run['run_id']}").json()["answer"] == "A short answer."


@pytest.mark.parametrize("words", [0, 1, 3])
def test_after_a_stop_every_question_has_its_answer_in_the_memory(
    client: httpx.Client, lanes: Provided, words: int
) -> None:
    session = f"memory-{words}"
    for _ in range(2):
        run_id = begin(client, HELD, words=words, session_id=session)
        client.post(f"/runs/{run_id}/cancel").raise_for_status()
        assert follow(client, run_id)[-1]["type"] == "cancelled"
    client.post("/chat", json={"message": QUICK, "session_id": session}).raise_for_status()
    sent = roles(lanes.answers[-1])
    assert sent == ["user", "assistant"] * (len(sent) // 2) + ["user"]
    # What was stopped before its first step is not remembered at all.
    assert len(sent) == 5 if words else len(sent) <= 5


LEAVING = pytest.mark.parametrize(
    # What is to go on ends by itself; what is to be stopped would not end.
    ("manner", "message", "end"),
    [("continue", SLOW, "done"), ("cancel", HELD, "cancelled")],
)


@LEAVING
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/chat/stream", {"message": ""}),
        ("/api/agents/billing/chat", {"message": "", "stream": True}),
        ("/agent/stream", {"task": "", "agent_type": "billing"}),
        ("/api/v1/ai/stream", {"task": ""}),
    ],
)
def test_whoever_leaves_a_stream_lets_it_go_on_or_stops_it(
    client: httpx.Client, path: str, body: dict[str, Any], manner: str, message: str, end: str
) -> None:
    run_id = str(uuid.uuid4())
    body = {name: value or message for name, value in body.items()} | {"on_disconnect": manner}
    with client.stream("POST", path, json=body, headers={"x-generation-id": run_id}) as response:
        for _, frame in frames(response):
            run_id = frame.get("run_id", run_id)
            if frame.get("token") or frame.get("type") == "token":
                break
    assert follow(client, run_id)[-1]["type"] == end


@LEAVING
@pytest.mark.parametrize(("path", "text"), [("/chat", "message"), ("/agent/generate", "task")])
def test_whoever_does_not_wait_for_the_whole_lets_it_go_on_or_stops_it(
    client: httpx.Client, lanes: Provided, path: str, text: str, manner: str, message: str, end: str
) -> None:
    session, asked = f"left-{text}-{manner}", len(lanes.provider.requests)
    body = orjson.dumps({text: message, "session_id": session, "on_disconnect": manner})
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    with socket.create_connection(("127.0.0.1", lanes.desk.port)) as connection:
        connection.sendall(f"{head}\r\n\r\n".encode() + body)
        lanes.provider.wait_for_requests(asked + 1, timeout=60)
    threads = client.get("/api/threads").json()["threads"]
    (thread,) = [thread["id"] for thread in threads if thread["session_id"] == session]
    (question, *_) = client.get(f"/api/threads/{thread}").json()["history"]
    assert follow(client, question["run_id"])[-1]["type"] == end


@LEAVING
@pytest.mark.parametrize("heard", [False, True])
def test_whoever_leaves_a_socket_lets_it_go_on_or_stops_it(
    client: httpx.Client, desk: Server, manner: str, message: str, end: str, heard: bool
) -> None:
    task = {"task": message, "generation_id": str(uuid.uuid4()), "on_disconnect": manner}
    with connect(f"ws://127.0.0.1:{desk.port}/ws/ai/stream", proxy=None) as opened:
        opened.send(orjson.dumps(task).decode())
        while "token" not in (frame := orjson.loads(opened.recv())) and heard:
            pass
        assert frame["generation_id"] == task["generation_id"]
    assert follow(client, task["generation_id"])[-1]["type"] == end


def test_what_waits_is_answered_after_a_restart(data_dir: Path, tmp_path: Path) -> None:
    with provided(data_dir, tmp_path / "first") as lanes, lanes.desk.client() as client:
        first = begin(client, HELD, words=1, session_id="s")
        runs = [enqueue(client, QUICK, "s") for _ in range(2)]
        lanes.desk.kill()
    with provided(lanes.desk.data_dir, tmp_path / "second") as lanes, lanes.desk.client() as client:
        assert [status(client, run) for run in runs] == ["queued"] * 2
        client.post(f"/runs/{first}/cancel").raise_for_status()
        assert [follow(client, run)[-1]["type"] for run in (first, *runs)] == ["cancelled", "done", "done"]
        thread = client.get(f"/runs/{first}").json()["thread_id"]
        history = client.get(f"/api/threads/{thread}").json()["history"]
    assert [turn["run_id"] for turn in history if turn["role"] == "user"] == [first, *runs]
