"""The desk killed at random points of its answers and started again over the same data: what is lost, and what goes on.

`python -m tests.bench.crashes [kills] [seed]`
"""

import asyncio
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.agents.models.upstream import until
from tests.bench.client import figure
from tests.conftest import index, write_documents
from tests.follower import Follower, asking, following
from tests.resetting import held
from tests.serving import Server, serve_alone

KILLS, SEED = 50, 7
BOUND = 120  # seconds
TOKENS = 200
SCRIPT = f"{TOKENS} tokens, 5 ms apart"
ONE = f"How much is the Team plan per month, {SCRIPT}?"
TWO = f"How much is the Team plan per month, {SCRIPT}, and where is customer data stored, {SCRIPT}?"
WAITING = "How are refunds paid? 20 tokens"
# What is waited for, and up to how many seconds longer.
MOMENTS = {
    b"": 0.05,
    b'"type":"start"': 0.01,
    b'"type":"trace_start"': 0.02,
    b'"type":"route"': 0.02,
    b'"type":"token"': 1.0,
    b'"content":"word%d "': 0.01,
    b'"content":"word%d "' % (TOKENS - 1): 0.01,
    b'"step_type":"agent"': 0.1,
    b'"type":"done"': 0.0,
}


@dataclass(frozen=True)
class Point:
    """One kill: of which question, with or without another message behind it, and when."""

    question: str
    queued: bool
    sight: bytes
    delay: float


@dataclass
class Findings:
    """Over all kills."""

    followers: list[Follower] = field(default_factory=list)
    lost: int = 0
    unequal: int = 0
    restarts: list[float] = field(default_factory=list)


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else KILLS
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else SEED
    chance, found = random.Random(seed), Findings()
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        asyncio.run(index(root / "data", write_documents(root / "documents")))
        broken: list[Follower] = []
        for number in range(kills):
            with _desk(root / "data", found) as server:
                asyncio.run(_resume(server, broken, found))
                broken = asyncio.run(_break_off(server, _point(chance, number), f"session-{number}"))
        with _desk(root / "data", found) as server:
            asyncio.run(_resume(server, broken, found))
            asyncio.run(_replay(server, found))
        _report(found, kills, root / "data" / "desk.db")


@contextmanager
def _desk(data: Path, found: Findings) -> Iterator[Server]:
    began = time.monotonic()
    with serve_alone(data, "tests.scripted", ANSWER_THRESHOLD=0) as server:
        found.restarts.append(time.monotonic() - began)
        yield server


def _point(chance: random.Random, number: int) -> Point:
    """Each moment in its turn; the rest is chance."""
    sight, longest = list(MOMENTS.items())[number % len(MOMENTS)]
    if b"%d" in sight:
        sight %= chance.randrange(TOKENS)
    return Point(chance.choice((ONE, TWO)), chance.random() < 1 / 3, sight, chance.uniform(0, longest))


async def _break_off(server: Server, point: Point, session: str) -> list[Follower]:
    """Ask, kill the desk when the point has come, and keep what had arrived."""
    followers, waiting = [Follower(point.sight)], asking(server, WAITING, session_id=session, when_busy="enqueue")
    async with asyncio.timeout(BOUND), asyncio.TaskGroup() as reading:
        reading.create_task(followers[0].read(server, asking(server, point.question, session_id=session)))
        if point.queued and point.sight:
            await followers[0].begun.wait()
            followers.append(Follower())
            reading.create_task(followers[1].read(server, waiting))
            await followers[1].begun.wait()
        if point.sight:
            await followers[0].seen.wait()
        await asyncio.sleep(point.delay)
        server.kill()
    return followers


async def _resume(server: Server, broken: list[Follower], found: Findings) -> None:
    """Each goes on from the last number it had, to the end, and has the answer that is stored."""
    acknowledged = [follower for follower in broken if follower.frames]
    async with asyncio.timeout(BOUND), httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        for follower in acknowledged:
            if not follower.ended:
                await follower.read(server, following(server, follower.run_id, len(follower.frames) - 1))
            run = await client.get(f"/runs/{follower.run_id}")
            found.lost += run.status_code != httpx.codes.OK
            found.unequal += run.json().get("answer") != follower.text
    # What nobody follows is not killed twice either.
    await until(lambda: not held(server).runs, BOUND)
    found.followers += acknowledged


async def _replay(server: Server, found: Findings) -> None:
    """At the very end every answer is still what its follower was told."""
    for follower in found.followers:
        again = Follower()
        await again.read(server, following(server, follower.run_id, -1))
        found.unequal += again.frames != follower.frames


def _report(found: Findings, kills: int, database: Path) -> None:
    with closing(sqlite3.connect(database)) as db:
        stuck = db.execute("SELECT count(*) FROM runs WHERE ended_at IS NULL").fetchone()[0]
        went_on = db.execute("SELECT count(*) FROM runs WHERE attempts > 1 AND status = 'completed'").fetchone()[0]
        ended = dict(db.execute("SELECT coalesce(error_code, status), count(*) FROM runs GROUP BY 1").fetchall())
    misnumbered = sum(follower.misnumbered for follower in found.followers)
    heard = len(found.followers)
    figure(f"{kills} kills: acknowledged messages lost, of {heard}", f"{found.lost}", "0", not found.lost)
    figure("runs without an end", f"{stuck}", "0", not stuck)
    figure("gaps and duplicates in what followers heard", f"{misnumbered}", "0", not misnumbered)
    equal = heard - found.unequal
    figure("followers whose text, and whose replay, is the stored answer", f"{equal} of {heard}", "all", equal == heard)
    print(f"runs that went on from where they were: {went_on}; how all ended: {ended}")
    seconds = found.restarts[1:]
    print(f"restart until ready: median {statistics.median(seconds):.1f} s, longest {max(seconds):.1f} s")


if __name__ == "__main__":
    main()
