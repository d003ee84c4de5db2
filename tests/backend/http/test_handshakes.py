"""Handshakes of WebSockets that come to nothing: each is answered or closed, and none is an error of the server."""

import logging
from collections.abc import Iterator

import pytest

from tests.backend.http.listening import Listening, get, listening, read_all, wait_until
from tests.backend.http.test_sizes import UPGRADE

COOKIE = "cookie: frontdesk_page=" + "a" * 20_000
PAGE = "/_event/?EIO=4&transport=websocket&token=x"


@pytest.fixture(scope="module")
def running() -> Iterator[Listening]:
    with listening() as server:
        yield server


@pytest.fixture(autouse=True)
def nobody(running: Listening) -> None:
    wait_until(lambda: is_quiet(running))


def is_quiet(running: Listening) -> bool:
    return len(running.server.open) == 0 and not running.server.server_state.tasks


@pytest.mark.parametrize("path", ["/ws/ai/stream", PAGE])
@pytest.mark.parametrize(
    "headers",
    [(COOKIE, *UPGRADE), (*UPGRADE, COOKIE), (COOKIE, *UPGRADE[:2]), (*UPGRADE, *(f"x-{n}: a" for n in range(150)))],
    ids=["first", "last", "without-key", "many"],
)
@pytest.mark.parametrize("pieces", [1, 5])
def test_a_handshake_with_large_headers_is_answered_and_closed(
    running: Listening, path: str, headers: tuple[str, ...], pieces: int
) -> None:
    request = get(running, path, *headers)
    size = len(request) // pieces
    with running.connect() as client:
        for begin in range(0, len(request), size):
            client.sendall(request[begin : begin + size])
        assert read_all(client).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("more", ["content-length: 5", "transfer-encoding: chunked"])
def test_a_handshake_with_a_body_is_closed(running: Listening, more: str) -> None:
    with running.connect() as client:
        client.sendall(get(running, PAGE, more, *UPGRADE))
        read_all(client)
    wait_until(lambda: len(running.server.open) == 0)


def test_half_a_handshake_with_a_large_cookie_is_refused_in_time(running: Listening) -> None:
    with running.connect() as client:
        client.sendall(get(running, PAGE, COOKIE, *UPGRADE)[:-2])
        wait_until(lambda: running.stages() == ["HEADERS"])
        running.pass_time()
        assert read_all(client).startswith(b"HTTP/1.1 408")


def test_an_upgrade_that_there_is_not_leaves_an_idle_connection(running: Listening) -> None:
    with running.connect() as client:
        client.sendall(get(running, "/quick?name=x", COOKIE, "connection: upgrade", "upgrade: h2c"))
        heard = b""
        while b'"x"' not in heard:
            heard += client.recv(65_536)
        wait_until(lambda: running.stages() == ["IDLE"])
        running.pass_time()
        assert read_all(client) == b""


@pytest.mark.parametrize(("path", "status"), [("/ws/ai/stream", b"503"), ("/quick", b"403")])
def test_a_handshake_that_is_refused_is_no_error(
    running: Listening, caplog: pytest.LogCaptureFixture, path: str, status: bytes
) -> None:
    with caplog.at_level(logging.INFO), running.connect() as client:
        client.sendall(get(running, path, *UPGRADE))
        assert read_all(client).split()[1] == status
        wait_until(lambda: is_quiet(running))
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.INFO] == []
