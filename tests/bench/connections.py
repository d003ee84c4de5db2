"""Connections that are opened and reset, and readers that do not read: what they leave, and what they cost others.

`python -m tests.bench.connections [connections] [seed]`
"""

import asyncio
import random
import resource
import socket
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.agents.models.upstream import until
from tests.bench.client import figure
from tests.conftest import index, write_documents
from tests.follower import Follower, asking, following
from tests.resetting import POOL, Held, held, reset_many, tasks
from tests.serving import Server, serve_alone

CONNECTIONS, WARM, SEED = 10_000, 500, 7
READERS = 100
SLOW_SECONDS = 3
ENDLESS = "How are refunds paid? 3 tokens, then hang"
LONG = "How are refunds paid? 4000 tokens, 5 ms apart"
OPEN_FILES = 8_192
BOUND = 300  # seconds


@dataclass
class Readers:
    """Followers of one answer, and what a token cost them."""

    gaps: list[float] = field(default_factory=list)
    peak_kib: float = 0

    def worst(self) -> float:
        """The 99th percentile of the time from token to token, in milliseconds."""
        ordered = sorted(self.gaps)
        return 1000 * ordered[int(len(ordered) * 0.99)]


async def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else CONNECTIONS
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else SEED
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        await index(root / "data", write_documents(root / "documents"))
        settings = {"ANSWER_THRESHOLD": 0, "SLOW_READER_SECONDS": SLOW_SECONDS, "LOG_LEVEL": "error"}
        with serve_alone(root / "data", "tests.scripted", RUN_TIMEOUT_SECONDS=3_600, **settings) as server:
            await _resets(server, number, random.Random(seed))
            await _slow(server)


async def _resets(server: Server, number: int, chance: random.Random) -> None:
    """All of them follow, or ask beside, one answer that hangs."""
    asker = Follower(b'"content":"word2 "')
    reading = asyncio.create_task(asker.read(server, asking(server, ENDLESS)))
    await asker.seen.wait()
    await reset_many(server, asker.run_id, WARM, chance)
    before = await _quiet(server)
    began, tasks_before = time.monotonic(), tasks(server)
    await reset_many(server, asker.run_id, number, chance)
    seconds = time.monotonic() - began
    after, tasks_after = await _quiet(server), tasks(server)
    print(f"{number:,} connections opened and reset in {seconds:.0f} s; held before: {before}, after: {after}")
    leaked = {
        "streams": after.streams - before.streams,
        "descriptors": after.descriptors - before.descriptors,
        "threads": after.threads - before.threads,
        "tasks": tasks_after - tasks_before,
    }
    for what, more in leaked.items():
        allowed = POOL if what in ("descriptors", "threads") else 0
        figure(f"{number:,} connections reset: {what} more than before", f"{more}", f"<= {allowed}", more <= allowed)
    with server.client() as client:
        client.post(f"/runs/{asker.run_id}/cancel").raise_for_status()
    await reading


async def _quiet(server: Server) -> Held:
    """What is held when nothing but the answer that hangs is under way, and all that was left has been noticed."""
    await until(lambda: held(server).runs == 1, BOUND)
    await until(lambda: held(server).streams == 1, BOUND)
    return held(server)


async def _slow(server: Server) -> None:
    """The same answer with and without readers that do not read, one after the other in the same desk."""
    await _read_by(server, 5, 0)
    alone, (beside, silent_run) = (await _read_by(server, READERS, 0))[0], await _read_by(server, READERS, READERS)
    share = beside.worst() / alone.worst()
    what = f"{READERS} readers beside {READERS} that do not read: gap between tokens, 99th percentile"
    figure(what, f"{beside.worst():.1f}/{alone.worst():.1f} ms", "<= 1.2 times", share <= 1.2)
    each = (beside.peak_kib - alone.peak_kib) / READERS
    figure("memory held for one that does not read", f"{each:.0f} KiB", "<= 256 KiB", each <= 256)
    await until(lambda: held(server).streams == 0, BOUND)
    dropped = held(server).dropped
    figure("dropped of those that do not read", f"{dropped}", f"{READERS}", dropped == READERS)
    again, whole = Follower(), Follower()
    await asyncio.gather(
        again.read(server, following(server, silent_run, 0)), whole.read(server, following(server, silent_run, -1))
    )
    resumed = again.frames == whole.frames[1:] and whole.ended
    figure("one that was dropped reads on to the end", str(resumed), "True", resumed)


async def _read_by(server: Server, readers: int, silent: int) -> tuple[Readers, str]:
    """An answer followed by so many that read it and so many that do not."""
    measured, asker = Readers(), Follower()
    asked = asyncio.create_task(asker.read(server, asking(server, LONG)))
    await asker.begun.wait()
    request, process = following(server, asker.run_id, 0), psutil.Process(server.process.pid)
    began = process.memory_info().rss
    sockets = [await _silent(server, request) for _ in range(silent)]
    async with asyncio.TaskGroup() as group:
        for _ in range(readers):
            group.create_task(_read(server, request, measured))
        while not asked.done():
            measured.peak_kib = max(measured.peak_kib, (process.memory_info().rss - began) / 1024)
            await asyncio.sleep(0.1)
    for client in sockets:
        client.close()
    return measured, asker.run_id


async def _silent(server: Server, request: bytes) -> socket.socket:
    """A client that asks and reads nothing."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", server.port))
    await asyncio.get_running_loop().sock_sendall(client, request)
    return client


async def _read(server: Server, request: bytes, measured: Readers) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request)
    last = 0.0
    while data := await reader.read(65_536):
        if b'"type":"token"' in data:
            now = time.perf_counter()
            if last:
                measured.gaps.append(now - last)
            last = now
    writer.close()


if __name__ == "__main__":
    asyncio.run(main())
