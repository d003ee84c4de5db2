"""How large a request may be before any door sees it."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.backend.http.listening import Listening, Reply, get, listening, post, read_all, reply_of, wait_until

UPGRADE = (
    "upgrade: websocket",
    "connection: upgrade",
    "sec-websocket-version: 13",
    "sec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==",
)


@pytest.fixture(scope="module")
def running() -> Iterator[Listening]:
    with listening() as server:
        yield server


@pytest.fixture(autouse=True)
def nobody(running: Listening) -> None:
    wait_until(lambda: len(running.server.open) == 0)


def answered(running: Listening, sent: bytes) -> Reply:
    with running.connect() as client:
        client.sendall(sent)
        return reply_of(read_all(client))


def flood(running: Listening, begin: bytes, piece: bytes) -> tuple[int, Reply]:
    """How much the server takes of a request without an end before it refuses it, and what it says."""
    with running.connect() as client:
        client.sendall(begin)
        sent = 0
        with suppress(ConnectionError):
            while sent < 50_000_000 and not any(each._stage.name == "LEAVING" for each in running.protocols):
                sent += client.send(piece)
        client.shutdown(socket.SHUT_WR)
        return sent, reply_of(read_all(client))


@pytest.mark.parametrize("more", [(), UPGRADE])
@pytest.mark.parametrize(
    "headers",
    [
        ("x-one: " + "a" * 70_000,),
        ("a" * 70_000 + ": x",),
        tuple(f"x-{number}: {'a' * 1_000}" for number in range(70)),
        tuple(f"x-{number}: a" for number in range(300)),
    ],
    ids=["value", "name", "large", "many"],
)
def test_headers_that_are_too_large_or_too_many_are_refused(
    running: Listening, headers: tuple[str, ...], more: tuple[str, ...]
) -> None:
    refused = answered(running, get(running, "/quick", *headers, *more))
    assert (refused.status, refused.code) == (431, "headers_too_large")


def test_headers_of_sixty_kilobytes_are_taken(running: Listening) -> None:
    headers = [f"x-{number}: {'a' * 1_000}" for number in range(60)]
    assert answered(running, get(running, "/quick?name=x", *headers, "connection: close")).status == 200


CHUNKED = "transfer-encoding: chunked"


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"GET /quick HTTP/1.1\r\nhost: 127.0.0.1\r\nx-endless: ", b"a" * 10_000),
        (b"GET /quick HTTP/1.1\r\nhost: 127.0.0.1\r\n", b"x-name: value\r\n" * 700),
        (b"", b"\r\n" * 5_000),
        (b"POST /body HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\n1;x=", b"a" * 10_000),
        (
            b"POST /body HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx-trailer: ",
            b"a" * 10_000,
        ),
        (
            b"POST /body HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n",
            b"x-name: value\r\n" * 700,
        ),
    ],
    ids=["header", "headers", "newlines", "extension", "trailer", "trailers"],
)
def test_what_never_ends_is_refused_soon(running: Listening, begin: bytes, piece: bytes) -> None:
    sent, refused = flood(running, begin, piece)
    assert (refused.status, refused.code) == (431, "headers_too_large")
    # What lies in the buffers on the way may be more than what was looked at.
    assert sent < 50_000_000


def test_a_trailer_does_not_become_a_header(running: Listening) -> None:
    running.asked.clear()
    with running.connect() as client:
        client.sendall(post(running, "/body", CHUNKED) + b"1\r\na\r\n0\r\nauthorization: Bearer x\r\n\r\n")
        wait_until(lambda: "body" in running.asked)
        (protocol,) = running.protocols
        assert [name for name, _ in running.inside(lambda: list(protocol.headers))] == [b"host", b"transfer-encoding"]


@pytest.mark.parametrize("more", [(), UPGRADE])
@pytest.mark.parametrize("path", ["/" + "a" * 60_000, "/quick?name=" + "a" * 9_000, "/runs/" + "%20" * 3_000])
def test_an_address_that_is_too_long_is_refused(running: Listening, path: str, more: tuple[str, ...]) -> None:
    refused = answered(running, get(running, path, *more))
    assert (refused.status, refused.code) == (414, "uri_too_long")


def test_an_address_of_eight_thousand_characters_is_taken(running: Listening) -> None:
    assert answered(running, get(running, "/" + "a" * 8_000, "connection: close")).status == 404


def test_a_handshake_with_a_long_header_is_answered(running: Listening) -> None:
    with running.connect() as client:
        client.sendall(get(running, "/ws/ai/stream", "x-long: " + "a" * 20_000, *UPGRADE))
        assert read_all(client).startswith(b"HTTP/1.1 431")
    wait_until(lambda: len(running.server.open) == 0)


def test_a_body_that_nobody_wants_is_not_read_for_ever(running: Listening) -> None:
    with running.connect() as client:
        client.sendall(post(running, "/ignoring", f"content-length: {10**12}"))
        client.recv(65_536)
        with suppress(ConnectionError):
            while not any(each._stage.name == "LEAVING" for each in running.protocols):
                client.send(b"x" * 65_536)
        client.shutdown(socket.SHUT_WR)
        read_all(client)
    wait_until(lambda: len(running.server.open) == 0)
