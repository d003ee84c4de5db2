"""Connections without a request, with half of one, and headers without an end: how long they stay, what they take."""

import asyncio
import socket
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil

from tests.bench.client import figure
from tests.conftest import index, write_documents
from tests.serving import Server, serve_alone

EACH = 120
ENDLESS_BYTES = 150_000_000
HALVES = {
    "no byte": b"",
    "half of the headers": b"GET /ready HTTP/1.1\r\nhost: 127.0.0.1\r\nx-half: of a",
    "half of a handshake": b"GET /ws/ai/stream HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\n",
    "half of a body": b"POST /chat HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\nhalf",
}
# Twice what a desk gives a request, and some time to look at all of them.
WAIT_SECONDS = 50


async def attack() -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        await index(root / "data", write_documents(root / "documents"))
        with serve_alone(root / "data", WORKER_MODEL="embedded", SUPERVISOR_MODEL="embedded") as server:
            before = _mebibytes(server)
            status = await asyncio.to_thread(_endless, server)
            more = _mebibytes(server) - before
            figure(
                f"a header of {ENDLESS_BYTES:,} bytes: memory more than before",
                f"{more:.0f} MiB",
                "<= 5 MiB",
                more <= 5,
            )
            figure("a header without an end: what it is answered", status, "431", status == "431")
            with ExitStack() as stack:
                opened = {what: _open(stack, server, half) for what, half in HALVES.items()}
                began = time.monotonic()
                for _ in range(WAIT_SECONDS):
                    if not any(map(_staying, opened.values())):
                        break
                    await asyncio.sleep(1)
                seconds = time.monotonic() - began
                for what, clients in opened.items():
                    stay = _staying(clients)
                    figure(f"{EACH} connections with {what}: open after {seconds:.0f} s", f"{stay}", "0", not stay)


def _endless(server: Server) -> str:
    """What a header without an end is answered, after all of it or as soon as the desk takes no more."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client, suppress(OSError):
        client.sendall(b"GET /ready HTTP/1.1\r\nhost: 127.0.0.1\r\nx-endless: ")
        client.setblocking(False)
        sent = 0
        while sent < ENDLESS_BYTES:
            if heard := _heard(client):
                return heard.split(b" ")[1].decode()
            with suppress(BlockingIOError):
                sent += client.send(b"a" * 1_000_000)
        client.setblocking(True)
        client.sendall(b"\r\n\r\n")
        return client.recv(100).split(b" ")[1].decode()
    return "reset"


def _open(stack: ExitStack, server: Server, half: bytes) -> list[socket.socket]:
    clients = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(EACH)]
    for client in clients:
        client.sendall(half)
        client.setblocking(False)
    return clients


def _staying(clients: list[socket.socket]) -> int:
    """How many the desk has not ended; those it has are closed on this side, too."""
    for client in [client for client in clients if _has_ended(client)]:
        clients.remove(client)
    return len(clients)


def _has_ended(client: socket.socket) -> bool:
    try:
        while client.recv(65_536):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        pass
    return True


def _heard(client: socket.socket) -> bytes:
    try:
        return client.recv(65_536)
    except BlockingIOError:
        return b""


def _mebibytes(server: Server) -> float:
    return float(psutil.Process(server.process.pid).memory_info().rss) / 2**20
