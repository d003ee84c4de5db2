"""How many pages may hold a socket to the desk, and what it costs the desk when they send what no page sends."""

import asyncio
import base64
import secrets
import shutil
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send
from websockets.exceptions import ConnectionClosed

from backend.http import pages as web
from tests.backend.asking import keys
from tests.backend.http.page_socket import HYDRATE, PageWithoutBrowser, event, handler, opened
from tests.serving import Server, serve

SCOPE = {"type": "websocket", "path": "/_event/", "headers": [(b"host", b"desk"), (b"origin", b"http://desk")]}


async def test_so_many_sockets_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "_MOST_SOCKETS", 2)
    closing = asyncio.Event()
    held = asyncio.Semaphore(0)

    async def pages(scope: Scope, receive: Receive, send: Send) -> None:
        held.release()
        await closing.wait()

    guarded = web._Guarded(pages, {"_event"}, {}, 200)
    opened = [asyncio.create_task(call(guarded)) for _ in range(2)]
    for _ in opened:
        await held.acquire()
    assert await call(guarded) == [{"type": "websocket.close", "code": 1013}]
    closing.set()
    assert await asyncio.gather(*opened) == [[], []]
    assert await call(guarded) == []


@pytest.mark.parametrize(("address", "most"), [("192.0.2.7", 2), ("127.0.0.1", 9)])
async def test_one_address_has_so_many_unless_it_is_this_machine(address: str, most: int) -> None:
    closing, held = asyncio.Event(), asyncio.Semaphore(0)

    async def pages(scope: Scope, receive: Receive, send: Send) -> None:
        held.release()
        await closing.wait()

    guarded = web._Guarded(pages, {"_event"}, {}, 2)
    waiting = [asyncio.create_task(call(guarded, client=(address, 5))) for _ in range(most)]
    for _ in waiting:
        await held.acquire()
    other = asyncio.create_task(call(guarded, client=("192.0.2.8", 5)))
    await held.acquire()
    if most == 2:
        assert await call(guarded, client=(address, 5)) == [{"type": "websocket.close", "code": 1013}]
    closing.set()
    assert await asyncio.gather(*waiting, other) == [[]] * (most + 1)
    assert await call(guarded, client=(address, 5)) == []


async def call(guarded: web._Guarded, **scope: Any) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await guarded(SCOPE | scope, receive, send)
    return sent


LARGE = 60_000
FORGED = "\n2026-01-01 00:00:00,000 ERROR root: forged\n"
SAID = "zanzibarqx"


@pytest.fixture(scope="module")
def desk(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("sockets") / "data"))
    with serve(data, "tests.with_pages", API_KEYS=keys("ann")) as running:
        yield running


def log_of(desk: Server) -> str:
    return (desk.data_dir.parent / f"{desk.data_dir.name}-server.log").read_text()


def test_what_visitors_send_is_not_logged(desk: Server) -> None:
    key = f"fd-{secrets.token_urlsafe(32)}"
    said = f"{FORGED}{SAID} {key}" + "x" * LARGE
    frames = [
        event("nothing.known", message=said),
        event(handler("session", "show_trouble"), message=[said]),
        event(handler("session", "setvar"), var_name="key", value=said),
        event(HYDRATE, vars={"key": said}),
        event(HYDRATE, vars={said[:200]: key}),
        f'42/_event,["event","{SAID}"]',
        f"42/_event,[[[{SAID}",
        f"42/other,{SAID}",
        SAID,
    ]
    for frame in frames * 10:
        with suppress(ConnectionClosed), opened(desk) as page:
            page.send(frame)
            page.settle()
    with opened(desk) as page:
        page.hydrate()
    log = log_of(desk)
    assert SAID not in log
    assert key[3:] not in log
    assert "forged" not in log
    assert "Traceback" not in log
    assert "an event of a page was left out" in log
    assert "a socket of the pages was closed" in log
    assert len(log) < 100_000


def test_a_socket_without_a_page_is_refused(desk: Server) -> None:
    more = "".join(f"x-more-{number}: {'x' * 6_000}\r\n" for number in range(3))
    for token, headers in (("", ""), ("&token=", ""), ("&other=x", ""), ("&token=x", more)):
        with raw(desk, token, headers) as (_, status):
            assert status == b"403"
    with raw(desk, "&token=x") as (_, status):
        assert status == b"101"


@contextmanager
def raw(desk: Server, token: str, headers: str = "") -> Iterator[tuple[socket.socket, bytes]]:
    """A socket that is read only as far as the reply to its request, and the status of that."""
    with socket.socket() as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        wire.settimeout(60)
        wire.connect(("127.0.0.1", desk.port))
        wire.sendall(
            f"GET /_event/?EIO=4&transport=websocket{token} HTTP/1.1\r\nhost: 127.0.0.1:{desk.port}\r\n"
            f"origin: {desk.url}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
            f"sec-websocket-key: {base64.b64encode(bytes(16)).decode()}\r\n{headers}\r\n".encode()
        )
        yield wire, wire.recv(12).split()[1]


def test_a_frame_that_is_too_large_ends_its_socket_before_it_is_there(desk: Server) -> None:
    with opened(desk) as page:
        # The head of a frame of a million bytes, and none of them.
        page.socket.socket.sendall(b"\x81\xff" + struct.pack("!Q", 1_000_000) + bytes(4))
        assert page.is_closed()


def test_a_message_in_too_many_pieces_ends_its_socket(desk: Server) -> None:
    with opened(desk) as page:
        with suppress(OSError):
            page.socket.socket.sendall(b"\x01\x80" + bytes(4) + (b"\x00\x80" + bytes(4)) * 2_000)
        assert page.is_closed()


def test_whoever_does_not_read_is_not_read_either(desk: Server) -> None:
    """Pages that ask for their state again and again, and take none of it."""
    frame, most = _masked(event(HYDRATE)), 20_000_000
    frames = frame * 100
    before = _resident(desk)
    with ExitStack() as stack:
        other = stack.enter_context(opened(desk))
        other.hydrate()
        for number in range(4):
            wire, _ = stack.enter_context(raw(desk, f"&token=unread-{number}"))
            wire.sendall(_masked("40/_event,"))
            wire.settimeout(0.1)
            sent, is_left = 0, False
            while sent < most and not is_left:
                try:
                    sent += wire.send(frames[sent % len(frame) :])
                except TimeoutError:
                    is_left = _is_left_unread(desk, wire, other)
            assert is_left
        assert _resident(desk) - before < 30_000_000
        other.hydrate()


def _is_left_unread(desk: Server, wire: socket.socket, other: PageWithoutBrowser) -> bool:
    """Whether the desk leaves what was sent to it where it is, while it reads and answers another page: a desk that is
    merely slow would have read some of it in between."""
    unread = _unread(desk, wire)
    for _ in range(5):
        other.hydrate()
    return 0 < unread == _unread(desk, wire)


def _unread(desk: Server, wire: socket.socket) -> int:
    """How many bytes of a connection wait to be read by the desk."""
    ends = [f":{port:04X}" for port in (desk.port, wire.getsockname()[1])]
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    (queues,) = (row[4] for row in rows if [row[1][8:], row[2][8:]] == ends)
    return int(queues.partition(":")[2], 16)


def _masked(text: str) -> bytes:
    data = text.encode()
    return (
        b"\x81"
        + (bytes((0x80 | len(data),)) if len(data) < 126 else b"\xfe" + struct.pack("!H", len(data)))
        + bytes(4)
        + data
    )


def _resident(desk: Server) -> int:
    return int(Path(f"/proc/{desk.process.pid}/statm").read_text().split()[1]) * 4_096
