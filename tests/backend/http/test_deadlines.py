"""How long a client may take: for a request's headers, for its body, and to read what it is answered."""

from collections.abc import Iterator
from functools import partial

import pytest

from tests.backend.http.listening import BOUND, NEVER, Listening, get, listening, post, read_all, reply_of, wait_until

RATE = 500


@pytest.fixture(scope="module")
def running() -> Iterator[Listening]:
    with listening(min_body_rate=RATE) as server:
        yield server


@pytest.fixture(autouse=True)
def nobody(running: Listening) -> None:
    wait_until(lambda: len(running.server.open) == 0)
    running.asked.clear()
    running.left.clear()
    running.inside(running.release.clear)


def test_a_connection_without_a_byte_is_closed(running: Listening) -> None:
    with running.connect() as client:
        wait_until(lambda: running.stages() == ["IDLE"])
        running.pass_time()
        assert read_all(client) == b""


@pytest.mark.parametrize(
    "sent",
    [
        b"G",
        b"\r\n",
        b"GET /quick",
        b"GET /quick HTTP/1.1\r\n",
        b"GET /quick HTTP/1.1\r\nhost: 127.0.0.1\r\nx-half: of a hea",
        b"GET /ws/ai/stream HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n",
    ],
)
def test_half_a_request_is_refused(running: Listening, sent: bytes) -> None:
    with running.connect() as client:
        client.sendall(sent)
        wait_until(lambda: running.stages() == ["HEADERS"])
        running.pass_time()
        refused = reply_of(read_all(client))
    assert (refused.status, refused.code) == (408, "request_too_slow")
    assert running.asked == []


def test_a_second_request_has_its_own_time(running: Listening) -> None:
    with running.connect() as client:
        client.sendall(get(running, "/quick?name=first"))
        wait_until(lambda: running.stages() == ["IDLE"])
        client.sendall(get(running, "/quick?name=second")[:-2])
        wait_until(lambda: running.stages() == ["HEADERS"])
        running.pass_time()
        heard = read_all(client)
    assert b'"first"' in heard
    assert b"HTTP/1.1 408" in heard
    assert running.asked == ["first"]


def test_half_a_body_is_refused_and_whoever_reads_it_is_told(running: Listening) -> None:
    with running.connect() as client:
        client.sendall(post(running, "/body", "content-length: 100") + b"half of it")
        wait_until(lambda: running.asked == ["body"])
        running.pass_time()
        refused = reply_of(read_all(client))
    assert (refused.status, refused.code) == (408, "request_too_slow")
    wait_until(lambda: running.left == ["body"])


def test_half_a_body_that_nobody_reads_ends_its_connection(running: Listening) -> None:
    with running.connect() as client:
        client.sendall(post(running, "/ignoring", "content-length: 100") + b"half of it")
        wait_until(lambda: b"not read" in client.recv(65_536))
        running.pass_time()
        read_all(client)
    wait_until(lambda: len(running.server.open) == 0)


def test_the_rate_of_a_body_is_looked_at_again_and_again(running: Listening) -> None:
    with running.connect() as client:
        client.sendall(post(running, "/body", "content-length: 100000"))
        wait_until(lambda: running.asked == ["body"])
        (protocol,) = running.protocols
        now = running.loop.time()
        for window in (1, 2):
            # Enough for a window that is a little longer than the least.
            running.inside(lambda: setattr(protocol, "_body_bytes", round((NEVER + BOUND) * RATE)))
            running.inside(partial(protocol.check_deadlines, now + window * (NEVER + 1)))
            assert running.stages() == ["BODY"]
        running.inside(lambda: setattr(protocol, "_body_bytes", round(NEVER * RATE) - BOUND))
        running.inside(lambda: protocol.check_deadlines(now + 3 * (NEVER + 1)))
        assert reply_of(read_all(client)).status == 408


def test_a_client_that_waits_for_the_desk_is_not_slow(running: Listening) -> None:
    with running.connect() as client:
        client.sendall(post(running, "/ignoring", "content-length: 0") + get(running, "/held"))
        client.sendall(get(running, "/quick?name=behind"))
        wait_until(lambda: any(each.pipeline for each in running.protocols))
        running.pass_time()
        running.inside(running.release.set)
        wait_until(lambda: running.asked == ["held", "behind"])


def test_an_answer_that_takes_long_is_waited_for(running: Listening) -> None:
    with running.connect() as client:
        client.sendall(get(running, "/held", "connection: close"))
        wait_until(lambda: running.asked == ["held"])
        running.pass_time()
        running.inside(running.release.set)
        assert b'"held"' in read_all(client)


def test_an_answer_that_nobody_reads_ends_its_connection(running: Listening) -> None:
    with running.connect() as client:
        client.sendall(get(running, "/large"))
        wait_until(lambda: any(each.transport.get_write_buffer_size() for each in running.protocols))
        running.pass_time()
        wait_until(lambda: len(running.server.open) == 0)
        assert len(read_all(client)) < 5_000_000


def test_whoever_is_refused_and_stays_is_left(running: Listening) -> None:
    with running.connect() as client:
        client.sendall(b"NOT HTTP AT ALL\r\n\r\n")
        wait_until(lambda: running.stages() == ["LEAVING"])
        running.pass_time()
        wait_until(lambda: len(running.server.open) == 0)
        assert reply_of(read_all(client)).code == "malformed_request"
