"""Clients that reset their connections or do not read, and a measure of the resources that a desk then still holds."""

import asyncio
import random
import re
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson
import psutil

from tests.follower import Follower, asking, following
from tests.serving import Server

_FIGURE = re.compile(r"^(frontdesk_streams|frontdesk_streams_dropped|frontdesk_runs)(?:{.*})? (\S+)$", re.MULTILINE)
_HANDSHAKE = (
    b"GET /ws/ai/stream HTTP/1.1\r\nhost: 127.0.0.1:%d\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
)
_BRIEF = "How are refunds paid? 30 tokens, 1 ms apart"
_ENDLESS = "How are refunds paid? 3 tokens, then hang"
_AT_ONCE = 50

# Connections that Chroma opens to its index under concurrent searches, with a thread and a descriptor each.
POOL = 10


@dataclass(frozen=True)
class Held:
    """The resources that a desk holds for its clients."""

    streams: int
    dropped: int
    runs: int
    descriptors: int
    threads: int


def held(server: Server) -> Held:
    """Measure the resources that the desk holds now."""
    with server.client() as client:
        page = client.get("/metrics").text
    values: dict[str, float] = {}
    for name, value in _FIGURE.findall(page):
        values[name] = values.get(name, 0) + float(value)
    process = psutil.Process(server.process.pid)
    return Held(
        streams=int(values["frontdesk_streams"]),
        dropped=int(values["frontdesk_streams_dropped"]),
        runs=int(values["frontdesk_runs"]),
        descriptors=process.num_fds(),
        threads=process.num_threads(),
    )


def tasks(server: Server) -> int:
    """Return the number of asyncio tasks in the desk, including those of this answer."""
    with server.client() as client:
        return int(
            client.post("/chat", json={"message": "How are refunds paid? 0 tokens, count tasks"}).json()["answer"]
        )


async def reset_many(server: Server, run_id: str, number: int, chance: random.Random) -> None:
    """Open many connections and reset each: at three endpoints, before, within or after its request."""
    doors = (asking(server, _BRIEF, on_disconnect="cancel"), following(server, run_id, -1), _socket(server))
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one() -> None:
        async with gate:
            await _reset(server, chance.choice(doors), chance)

    await asyncio.gather(*(one() for _ in range(number)))


async def _reset(server: Server, request: bytes, chance: random.Random) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    cut = chance.choice((0, chance.randrange(len(request)), request.find(b"\r\n\r\n") + 4, len(request)))
    writer.write(request[:cut])
    if cut == len(request):
        await asyncio.sleep(chance.uniform(0, 0.2))  # until a random moment of the answer
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _socket(server: Server) -> bytes:
    """Build a WebSocket handshake followed by a frame with a task."""
    task = orjson.dumps({"agent_type": "billing", "task": _BRIEF, "on_disconnect": "cancel"})
    # Masked, as clients must, with a zero mask that changes nothing.
    frame = b"\x81" + bytes([0x80 | len(task)]) + bytes(4) + task
    return _HANDSHAKE % server.port + frame


def silent(server: Server, request: bytes) -> socket.socket:
    """Connect a client that sends a request and never reads."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.sendall(request)
    return client


@asynccontextmanager
async def endless(server: Server) -> AsyncIterator[str]:
    """Yield the id of a run that others can follow for the duration of the block."""
    asker = Follower(b'"content":"word2 "')
    reading = asyncio.create_task(asker.read(server, asking(server, _ENDLESS)))
    await asker.seen.wait()
    yield asker.run_id
    with server.client() as client:
        client.post(f"/runs/{asker.run_id}/cancel").raise_for_status()
    await reading
