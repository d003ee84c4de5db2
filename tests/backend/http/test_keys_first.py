"""Without a valid key no byte of a body is read, and large bodies are taken only where documents come in."""

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.app import create_app
from backend.settings import Settings
from tests.backend.asking import as_user, key_of, keys, refusal
from tests.backend.http.listening import BOUND, Reply, reply_of
from tests.serving import Server, serve

LARGE = 5_000_000
PATHS: dict[str, dict[str, Any]] = create_app(Settings(_env_file=None)).openapi()["paths"]
TAKING_BODIES = [
    (method.upper(), path)
    for path, operations in PATHS.items()
    for method, operation in operations.items()
    if "requestBody" in operation
]


@pytest.fixture(scope="module")
def desk(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("keys_first") / "data"))
    # However often wrong keys come, this is about what they are answered.
    with serve(data, API_KEYS=keys("ada", "bob"), OPERATORS="ada", KEY_RATE="") as server:
        yield server


def announce(desk: Server, method: str, path: str, *headers: str) -> Reply:
    """What is answered to the headers of a request whose body does not come."""
    lines = (f"{method} {path} HTTP/1.1", f"host: 127.0.0.1:{desk.port}", *headers)
    with socket.create_connection(("127.0.0.1", desk.port), timeout=BOUND) as client:
        client.sendall("\r\n".join((*lines, "", "")).encode())
        heard = b""
        # Either ends the wait: a reply, or the word to send the body.
        while b"}}" not in heard and b"100 Continue" not in heard:
            piece = client.recv(65_536)
            assert piece, heard
            heard += piece
    return reply_of(heard)


def test_there_are_doors_that_take_bodies() -> None:
    assert len(TAKING_BODIES) > 15


@pytest.mark.parametrize("length", ["content-length: 900000", "transfer-encoding: chunked"])
@pytest.mark.parametrize("key", [(), ("authorization: Bearer wrong",), ("x-api-key: wrong",)])
def test_no_door_waits_for_a_body_without_a_key(desk: Server, key: tuple[str, ...], length: str) -> None:
    for method, path in TAKING_BODIES:
        reply = announce(desk, method, path, "content-type: application/json", "expect: 100-continue", length, *key)
        assert (method, path, reply.status, reply.code) == (method, path, 401, "key_refused")
        assert reply.headers["connection"] == "close"
        assert reply.headers["www-authenticate"] == "Bearer"


def test_whoever_sends_a_document_with_a_wrong_key_reads_why_it_is_refused(desk: Server) -> None:
    files = {"file": ("large.md", b"x" * 19_000_000)}
    with desk.client(headers={"authorization": "Bearer wrong"}) as client:
        for _ in range(3):
            refused = client.post("/api/documents", files=files, data={"folder": "billing"})
            assert refusal(refused) == (401, "key_refused")


def test_what_is_open_to_all_stays_open(desk: Server) -> None:
    with desk.client() as client:
        for path in ("/", "/ready", "/health", "/openapi.json"):
            assert client.get(path).status_code == 200
        assert refusal(client.put("/chat")) == (405, "method_not_allowed")
        assert refusal(client.get("/nothing")) == (404, "not_found")


@pytest.mark.parametrize("header", [f"authorization: Bearer {key_of('ada')}", f"x-api-key: {key_of('ada')}"])
@pytest.mark.parametrize(
    "path",
    [
        "/chat",
        "/api/documents/reindex",
        "/api/documents/",
        "/api/documents/x",
        "/api/documentsx",
        "/api/documents/../x",
    ],
)
def test_large_bodies_are_taken_nowhere_else(desk: Server, path: str, header: str) -> None:
    reply = announce(desk, "POST", path, header, f"content-length: {LARGE}")
    assert (reply.status, reply.code) == (413, "body_too_large")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "GET"])
def test_nor_by_another_method(desk: Server, method: str) -> None:
    reply = announce(desk, method, "/api/documents", f"x-api-key: {key_of('ada')}", f"content-length: {LARGE}")
    assert (reply.status, reply.code) == (413, "body_too_large")


@pytest.mark.parametrize("path", ["/api/documents", "/api/documents/archives"])
def test_documents_may_be_large(desk: Server, path: str) -> None:
    with as_user(desk, "ada") as client:
        sent = client.post(path, content=b"x" * LARGE)
    assert refusal(sent) == (422, "invalid_request")
