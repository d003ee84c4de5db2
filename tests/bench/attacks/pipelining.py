"""A client that sends requests and reads no answer: what it makes the desk hold, and what others notice of it."""

import asyncio
import socket
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

from tests.bench.client import figure
from tests.conftest import index, write_documents
from tests.serving import Server, serve_alone

ROUNDS, REQUESTS = 3, 300_000
AT_ONCE = 2_000
MOST_MIB = 50
# The desk collects garbage when it has been quiet for some seconds.
QUIET_SECONDS = 15
# A desk that does not read on is left after so long; the round is over then.
BLOCKED_SECONDS = 20


async def attack() -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        await index(root / "data", write_documents(root / "documents"))
        with serve_alone(root / "data", WORKER_MODEL="embedded", SUPERVISOR_MODEL="embedded") as server:
            _others(server)
            await asyncio.sleep(QUIET_SECONDS)
            before = _mebibytes(server)
            worst = 0.0
            for _ in range(ROUNDS):
                sending = asyncio.create_task(asyncio.to_thread(_send, server))
                while not sending.done():
                    worst = max(worst, await asyncio.to_thread(_others, server))
                print(f"   {await sending}; {_mebibytes(server) - before:+.0f} MiB", flush=True)
            await asyncio.sleep(QUIET_SECONDS)
            more = _mebibytes(server) - before
            what = f"{ROUNDS} rounds of {REQUESTS:,} pipelined requests without reading: memory more than before"
            figure(what, f"{more:.0f} MiB", f"<= {MOST_MIB} MiB", more <= MOST_MIB)
            figure(
                "the longest that somebody else waited for GET /info meanwhile", f"{worst:.2f} s", "<= 1 s", worst <= 1
            )


def _send(server: Server) -> str:
    """Send all requests of a round, over another connection whenever one ends or takes no more."""
    request = b"GET /ready HTTP/1.1\r\nhost: 127.0.0.1:%d\r\n\r\n" % server.port
    sent = opened = 0
    while sent < REQUESTS:
        opened += 1
        with suppress(OSError), socket.create_connection(("127.0.0.1", server.port)) as client:
            client.settimeout(BLOCKED_SECONDS)
            while sent < REQUESTS:
                # Counted before it is sent: the rest of what is cut off does not come again.
                sent += AT_ONCE
                client.sendall(request * AT_ONCE)
    return f"{sent:,} requests over {opened} connections"


def _others(server: Server) -> float:
    began = time.perf_counter()
    with server.client() as client:
        client.get("/info").raise_for_status()
    return time.perf_counter() - began


def _mebibytes(server: Server) -> float:
    return float(psutil.Process(server.process.pid).memory_info().rss) / 2**20
