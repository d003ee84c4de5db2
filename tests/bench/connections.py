"""`python -m tests.bench.connections`: 10,000 connections that are opened and reset, and 100 clients that do not read.

What the desk still holds of them afterwards, and what readers beside them notice.
"""

import asyncio
import random
import resource
import tempfile
import time
from pathlib import Path

from tests.agents.models.upstream import until
from tests.bench.capacity import OPEN_FILES, Figures, Target, answers, at
from tests.conftest import index, write_documents
from tests.follower import Follower, asking, following
from tests.resetting import endless, held, reset_many, silent, tasks
from tests.serving import Server, serve

RESETS, SEED = 10_000, 7
SLOW, NORMAL, ROUNDS = 100, 100, 3
DROPPED_AFTER = 30  # seconds
MUCH = "How are refunds paid? 6000 tokens"
BOUND = 300  # seconds


async def main() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        await index(root / "data", write_documents(root / "documents"))
        settings = {"ANSWER_THRESHOLD": 0, "LOG_LEVEL": "error", "SLOW_READER_SECONDS": DROPPED_AFTER}
        with serve(root / "data", "tests.scripted", **settings) as server:
            await _resets(server)
            await _slow_readers(server)


async def _resets(server: Server) -> None:
    async with endless(server) as run_id:
        await reset_many(server, run_id, 200, random.Random(SEED))
        await until(lambda: held(server).runs == 1, BOUND)
        before, tasks_before, began = held(server), tasks(server), time.monotonic()
        await reset_many(server, run_id, RESETS, random.Random(SEED))
        seconds = time.monotonic() - began
        await until(lambda: held(server).runs == 1, BOUND)
        after, tasks_after = held(server), tasks(server)
    print(f"{RESETS:,} connections opened and reset in {seconds:.0f} s; before, and after:")
    for what in ("streams", "descriptors", "threads"):
        print(f"{what:>12}{getattr(before, what):>8}{getattr(after, what):>8}")
    print(f"{'tasks':>12}{tasks_before:>8}{tasks_after:>8}")


async def _slow_readers(server: Server) -> None:
    asker = Follower()
    await asker.read(server, asking(server, MUCH))
    target = Target("desk", server.port, server.process.pid)
    await answers(target, NORMAL)
    usual = await _gaps(target)
    dropped, resident = held(server).dropped, target.resident_kib()
    clients = [silent(server, following(server, asker.run_id, -1)) for _ in range(SLOW)]
    opened = time.monotonic()
    await until(lambda: held(server).streams == SLOW, BOUND)
    kib = (target.resident_kib() - resident) / SLOW
    beside = await _gaps(target)
    await until(lambda: held(server).dropped == dropped + SLOW, BOUND)
    gone = time.monotonic() - opened
    again = Follower()
    await again.read(server, following(server, asker.run_id, -1))
    for client in clients:
        client.close()
    print(f"{NORMAL} answers at 20 tokens/s, 99th percentile of the gaps, over {ROUNDS} rounds: {usual:.1f} ms")
    print(f"beside {SLOW} clients that do not read: {beside:.1f} ms, {beside / usual:.2f} times (asked at most 1.2)")
    print(f"held for each of them: {kib:.0f} KiB (asked at most 256); all dropped after {gone:.0f} s")
    print(f"read again by one that comes back: {'the same' if again.frames == asker.frames else 'NOT THE SAME'}")


async def _gaps(target: Target) -> float:
    figures = Figures()
    for _ in range(ROUNDS):
        figures.gaps += (await answers(target, NORMAL)).gaps
    return at(figures.gaps, 0.99)


if __name__ == "__main__":
    asyncio.run(main())
