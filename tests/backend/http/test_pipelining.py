"""Several requests on one connection before the first is answered."""

import contextlib
import select
import socket
from collections.abc import Iterator

import pytest

from backend.http.protocols import BreakableHttp
from tests.backend.http.listening import Listening, get, listening, read_all, wait_until


@pytest.fixture(scope="module")
def running() -> Iterator[Listening]:
    with listening() as server:
        yield server


@pytest.fixture(autouse=True)
def forgetful(running: Listening) -> None:
    running.asked.clear()
    running.left.clear()
    running.inside(running.release.clear)


def quick(running: Listening, name: str) -> bytes:
    return get(running, f"/quick?name={name}")


def test_a_few_are_answered_in_their_order(running: Listening) -> None:
    names = [f"n{number}" for number in range(10)]
    with running.connect() as client:
        client.sendall(b"".join(quick(running, name) for name in names[:-1]))
        client.sendall(get(running, f"/quick?name={names[-1]}", "connection: close"))
        heard = read_all(client)
    assert running.asked == names
    assert [heard.count(f'"{name}"'.encode()) for name in names] == [1] * 10


def test_many_behind_one_end_the_connection(running: Listening) -> None:
    with running.connect() as client:
        client.sendall(get(running, "/held") + 40 * quick(running, "x"))
        assert read_all(client) == b""
    wait_until(lambda: running.left == ["held"])
    wait_until(lambda: len(running.server.open) == 0)
    assert running.asked == ["held"]


def test_no_more_is_read_while_one_waits(running: Listening) -> None:
    with running.connect() as client:
        client.sendall(get(running, "/held"))
        wait_until(lambda: running.asked)
        client.sendall(quick(running, "waits"))
        wait_until(lambda: any(each.pipeline for each in running.protocols))
        accepted = fill(client, quick(running, "x") * 1_000)
        (protocol,) = running.protocols
        assert accepted < 30_000_000
        assert running.inside(lambda: (len(protocol.pipeline), protocol.flow.read_paused)) == (1, True)
        # The request that is being answered asks for more of its body, which is no reason to read on either.
        assert running.inside(lambda: still_paused(protocol))
    running.inside(running.release.set)
    wait_until(lambda: len(running.server.open) == 0)


def still_paused(protocol: BreakableHttp) -> bool:
    protocol.flow.resume_reading()
    return protocol.flow.read_paused


def fill(client: socket.socket, data: bytes) -> int:
    """How many bytes are taken from a client that reads nothing, until for a while no more are."""
    client.setblocking(False)
    accepted = 0
    while accepted < 100_000_000 and select.select([], [client], [], 0.5)[1]:
        with contextlib.suppress(BlockingIOError):
            accepted += client.send(data)
    client.setblocking(True)
    return accepted


def test_what_waits_is_forgotten_with_its_connection(running: Listening) -> None:
    with running.connect() as client:
        client.sendall(get(running, "/held") + 3 * quick(running, "x"))
        wait_until(lambda: running.asked)
        (protocol,) = running.protocols
        assert len(protocol.pipeline) == 3
        running.inside(protocol.transport.abort)
        wait_until(lambda: running.left == ["held"])
    assert len(protocol.pipeline) == 0
    assert running.asked == ["held"]


def test_a_request_behind_a_large_answer_comes_after_it(running: Listening) -> None:
    with running.connect() as client:
        client.sendall(get(running, "/large") + get(running, "/quick?name=last", "connection: close"))
        heard = read_all(client)
    assert heard.count(b"x" * 1_000) == 5_000
    assert heard.endswith(b'"last"')
