"""What holds for every reply: its headers, and what becomes of its connection."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.backend.asking import as_user, keys, refusal
from tests.backend.http.listening import Listening, get, listening, read_all, reply_of
from tests.serving import Server, serve


@pytest.fixture(scope="module")
def running() -> Iterator[Listening]:
    with listening() as server:
        yield server


@pytest.fixture(scope="module")
def desk(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("replies") / "data"))
    with serve(data, "tests.scripted", ANSWER_THRESHOLD=0, API_KEYS=keys("ada", "bob")) as server:
        yield server


def is_guarded(reply: httpx.Response) -> bool:
    kept = [part.strip() for part in reply.headers.get("cache-control", "").split(",")]
    return reply.headers.get("x-content-type-options") == "nosniff" and "no-store" in kept


QUESTION = {"message": "How are refunds paid? 2 tokens"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/", None, 200),
        ("GET", "/ready", None, 200),
        ("GET", "/health", None, 200),
        ("GET", "/openapi.json", None, 200),
        ("GET", "/info", None, 200),
        ("GET", "/api/threads", None, 200),
        ("POST", "/chat", QUESTION, 200),
        ("POST", "/chat/stream", QUESTION, 200),
        ("POST", "/agent/stream", {"task": "refunds? 2 tokens"}, 200),
        ("GET", "/nothing", None, 404),
        ("GET", "/runs/none", None, 404),
        ("PUT", "/chat", None, 405),
        ("POST", "/chat", {"message": "x" * 9_000}, 413),
        ("POST", "/chat", {"message": "x" * 1_100_000}, 413),
        ("POST", "/chat", {}, 422),
    ],
)
def test_no_reply_is_guessed_at_or_kept(desk: Server, method: str, path: str, body: object, status: int) -> None:
    with as_user(desk, "ada") as client:
        reply = client.request(method, path, json=body)
    assert (reply.status_code, is_guarded(reply)) == (status, True)


def test_what_is_refused_without_a_key_neither(desk: Server) -> None:
    with desk.client() as client:
        for reply in (client.get("/info"), client.post("/chat", json=QUESTION)):
            assert refusal(reply) == (401, "key_refused")
            assert reply.headers["www-authenticate"] == "Bearer"
            assert is_guarded(reply)


def test_what_no_door_has_seen_neither(running: Listening) -> None:
    for sent in (b"NOT HTTP\r\n\r\n", get(running, "/" + "a" * 9_000), get(running, "/", "a: " + "b" * 70_000)):
        with running.connect() as client:
            client.sendall(sent)
            refused = reply_of(read_all(client))
        assert refused.status in (400, 414, 431)
        assert refused.headers["x-content-type-options"] == "nosniff"
        assert refused.headers["cache-control"] == "no-store"
        assert refused.headers["connection"] == "close"


def test_a_connection_can_be_used_again_after_an_error_that_nobody_foresaw(running: Listening) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{running.port}", trust_env=False) as client:
        failed = client.get("/fails")
    assert refusal(failed) == (500, "internal_error")
    assert is_guarded(failed)
    with running.connect() as client:
        # The second comes when the first has been answered, on a connection that nobody has said will close.
        client.sendall(get(running, "/fails"))
        heard = b""
        while b'"retryable":true}}' not in heard:
            heard += client.recv(65_536)
        assert b"connection: close" not in heard
        client.sendall(get(running, "/quick?name=after", "connection: close"))
        assert read_all(client).endswith(b'"after"')
