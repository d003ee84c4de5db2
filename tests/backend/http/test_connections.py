"""How many connections may wait for a request, and how many one address may have."""

import contextlib
import socket
from collections.abc import Iterator

import pytest

from backend.http import connections
from backend.http.connections import ConnectionLimits, ConnectionRegistry
from backend.settings import Settings
from tests.backend.http.listening import Listening, get, listening, read_all, reply_of, wait_until

IDLE = 3


@pytest.fixture
def running() -> Iterator[Listening]:
    with listening(max_idle_connections=IDLE) as server:
        yield server


def test_the_ones_that_have_been_idle_longest_make_room(running: Listening) -> None:
    with contextlib.ExitStack() as stack:
        opened: list[socket.socket] = []
        while len(opened) < IDLE:
            opened.append(stack.enter_context(running.connect()))
            wait_until(lambda: running.server.open.idle == len(opened))
        # It was the first, but it has just asked.
        opened[0].sendall(get(running, "/quick?name=first"))
        while b'"first"' not in opened[0].recv(65_536):
            pass
        wait_until(lambda: running.server.open.idle == IDLE)
        opened += [stack.enter_context(running.connect()) for _ in range(2)]
        assert [read_all(client) for client in opened[1:3]] == [b"", b""]
        for client in (opened[0], *opened[3:]):
            client.sendall(get(running, "/quick?name=kept", "connection: close"))
            assert b'"kept"' in read_all(client)


def test_a_connection_with_a_request_is_not_idle(running: Listening) -> None:
    with contextlib.ExitStack() as stack:
        asking: list[socket.socket] = []
        while len(asking) < IDLE + 2:
            asking.append(stack.enter_context(running.connect()))
            asking[-1].sendall(get(running, "/held", "connection: close"))
            wait_until(lambda: len(running.asked) == len(asking))
        idle = [stack.enter_context(running.connect()) for _ in range(IDLE + 1)]
        assert read_all(idle[0]) == b""
        running.inside(running.release.set)
        assert all(b'"held"' in read_all(client) for client in asking)


def test_an_address_that_has_enough_is_told_so(running: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    # All of this machine's own addresses are let in.
    monkeypatch.setattr(connections, "_counted_network", lambda peer, own: "203.0.113.7")
    running.server.open.limits = ConnectionLimits(of_one_address=2)
    with running.connect() as first, running.connect() as second:
        for client in (first, second):
            client.sendall(get(running, "/held"))
        wait_until(lambda: len(running.asked) == 2)
        with running.connect() as third:
            refused = reply_of(read_all(third))
        assert (refused.status, refused.code) == (429, "too_many_connections")
        assert refused.headers["retry-after"] == "5"
        first.close()
        wait_until(lambda: len(running.server.open) == 1)
        with running.connect() as fourth:
            fourth.sendall(get(running, "/quick", "connection: close"))
            assert reply_of(read_all(fourth)).status == 200


class Nobody:
    """A connection that does nothing."""

    def check_deadlines(self, now: float) -> None:
        pass

    def evict(self) -> None:
        pass


def admitted(number: int, peer: str, own: str = "192.0.2.1") -> int:
    """How many of so many connections from an address are let in, where one address may have three."""
    limited = ConnectionRegistry(ConnectionLimits(of_one_address=3))
    return [limited.add_connection(Nobody(), peer, own) for _ in range(number)].count(None)


@pytest.mark.parametrize("peer", ["203.0.113.7", "::ffff:203.0.113.7", "2001:db8::1", "fe80::1%eth0"])
def test_strangers_are_counted(peer: str) -> None:
    assert admitted(5, peer) == 3


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "192.0.2.1"])
def test_this_machine_is_not(peer: str) -> None:
    assert admitted(5, peer) == 5


def test_a_network_of_ipv6_counts_as_one_address() -> None:
    limited = ConnectionRegistry(ConnectionLimits(of_one_address=3))
    same = [limited.add_connection(Nobody(), f"2001:db8:0:1::{number}", "2001:db8::1") for number in range(5)]
    assert same.count(None) == 3
    assert limited.add_connection(Nobody(), "2001:db8:0:2::1", "2001:db8::1") is None


def test_whoever_leaves_is_not_counted() -> None:
    limited = ConnectionRegistry(ConnectionLimits(of_one_address=3, idle=2))
    for _ in range(10):
        one, upgraded = Nobody(), Nobody()
        assert limited.add_connection(one, "203.0.113.7", None) is None
        limited.replace_connection(one, upgraded)
        limited.remove_connection(one)
        limited.remove_connection(upgraded)
    assert (len(limited), limited.idle) == (0, 0)


@pytest.mark.parametrize(
    ("host", "chosen", "most"), [("127.0.0.1", None, 0), ("0.0.0.0", None, 256), ("0.0.0.0", 0, 0), ("::1", 9, 9)]
)
def test_by_itself_only_a_desk_for_the_network_counts(host: str, chosen: int | None, most: int) -> None:
    settings = Settings(_env_file=None, host=host, max_address_connections=chosen)
    assert ConnectionLimits.from_settings(settings).of_one_address == most
