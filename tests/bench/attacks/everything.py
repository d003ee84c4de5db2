"""Everything at once: `python -m tests.bench.attacks.everything [seconds]`, ten minutes unless it is told otherwise.

One desk with keys. First forty honest chats a minute alone, for what is usual; then the same beside all attackers of
`tests.bench.attacks._arms`. Every honest chat must be answered whole, and soon; afterwards the desk holds no
more than before.
"""

import asyncio
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import orjson
import psutil

from tests.backend.asking import key_of, keys
from tests.bench.attacks import _arms
from tests.bench.client import figure
from tests.conftest import index, write_documents
from tests.provided import BILLING, GENERAL, PRIVACY, TECHNICAL
from tests.serving import Server, serve_alone
from ui.build import is_built

SECONDS = 600.0
_WARM_SECONDS, _QUIET_SECONDS = 60.0, 60.0
_EVERY = 1.5  # forty a minute
_PATIENCE = 120.0
_SETTLING_SECONDS = 180.0
_HONEST = tuple(f"honest{number}" for number in range(8))
_BAD = ("mallory", "trudy", "oscar", "eve")
_ADDRESS = "127.0.0.2"
_QUESTIONS = (BILLING, TECHNICAL, GENERAL, PRIVACY)
_SLOWER, _MORE_MB, _MORE_DESCRIPTORS = 3, 50, 8


@dataclass
class Chats:
    """Honest chats: how long each whole one took, and what was wrong with the others."""

    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def p99(self) -> float:
        ordered = sorted(self.seconds)
        return ordered[int(len(ordered) * 0.99)] if ordered else float("inf")


@dataclass(frozen=True)
class Held:
    """What the desk holds."""

    megabytes: float
    descriptors: int

    @classmethod
    def by(cls, server: Server) -> "Held":
        process = psutil.Process(server.process.pid)
        return cls(process.memory_info().rss / 1e6, process.num_fds())


async def attack(seconds: float = SECONDS) -> None:
    with tempfile.TemporaryDirectory() as base:
        data = Path(base) / "data"
        await index(data, write_documents(Path(base) / "documents"))
        pages = is_built()
        if not pages:
            print("the pages are not built (python -m ui.build), so nobody floods their socket", flush=True)
        names = [name for name in _arms.ARMS if pages or name != "page_sockets"]
        with serve_alone(data, "tests.with_pages" if pages else "backend", API_KEYS=keys(*_HONEST, *_BAD)) as server:
            await _against(server, names, seconds)


async def _against(server: Server, names: list[str], seconds: float) -> None:
    # What is loaded when it is first used is no part of what an attack leaves.
    await _attacked(server, names, _WARM_SECONDS)
    quiet = await _honest(server, min(_QUIET_SECONDS, seconds))
    before = Held.by(server)
    print(f"quiet: {len(quiet.seconds)} chats, p99 {quiet.p99:.2f} s, load {os.getloadavg()[0]:.1f}", flush=True)
    peak = Held(0, 0)
    attacking = asyncio.create_task(_attacked(server, names, seconds))
    async with _watched(server) as seen:
        chats = await _honest(server, seconds)
        sent = await attacking
    peak = Held(max(held.megabytes for held in seen), max(held.descriptors for held in seen))
    for name, (counts, share) in sent.items():
        told = ", ".join(f"{what} {number:,}" for what, number in sorted(counts.items()))
        print(f"  {name}: {told}; {share:.1%} of a core", flush=True)
    after = await _settled(server, before)
    _report(quiet, chats, before, peak, after)


def _report(quiet: Chats, chats: Chats, before: Held, peak: Held, after: Held) -> None:
    for wrong in chats.wrong[:10]:
        print(f"  not whole: {wrong}", flush=True)
    number = len(chats.seconds) + len(chats.wrong)
    print(
        f"load {os.getloadavg()[0]:.1f}; at the most {peak.megabytes:.0f} MB, {peak.descriptors} descriptors",
        flush=True,
    )
    figure("honest chats answered whole", f"{len(chats.seconds)} of {number}", "all", not chats.wrong)
    what = "honest chats beside everything, 99th percentile"
    figure(what, f"{chats.p99:.2f}/{quiet.p99:.2f} s", f"<= {_SLOWER} times", chats.p99 <= _SLOWER * quiet.p99)
    more = after.megabytes - before.megabytes
    figure("memory afterwards", f"{before.megabytes:.0f} {more:+.0f} MB", f"<= +{_MORE_MB} MB", more <= _MORE_MB)
    opened = after.descriptors - before.descriptors
    what, allowed = "descriptors afterwards", f"<= +{_MORE_DESCRIPTORS}"
    figure(what, f"{before.descriptors} {opened:+}", allowed, opened <= _MORE_DESCRIPTORS)


async def _attacked(server: Server, names: list[str], seconds: float) -> dict[str, tuple[dict[str, int], float]]:
    """Each attacker in a process of its own; what each sent."""
    loop, spawn = asyncio.get_running_loop(), multiprocessing.get_context("spawn")
    until = time.monotonic() + seconds
    with ProcessPoolExecutor(len(names), mp_context=spawn) as pool:
        running = [
            loop.run_in_executor(pool, _arms.run, name, server.port, [key_of(_BAD[place % len(_BAD)])], until)
            for place, name in enumerate(names)
        ]
        return dict(zip(names, await asyncio.gather(*running), strict=True))


async def _honest(server: Server, seconds: float) -> Chats:
    """Forty chats a minute, each when it is due, whatever became of the others."""
    chats, began = Chats(), time.monotonic()
    transport = httpx.AsyncHTTPTransport(local_address=_ADDRESS, limits=httpx.Limits(max_connections=None))
    client = httpx.AsyncClient(base_url=server.url, transport=transport, timeout=_PATIENCE)
    async with client, asyncio.TaskGroup() as group:
        for number in range(max(1, int(seconds / _EVERY))):
            await asyncio.sleep(max(0.0, began + number * _EVERY - time.monotonic()))
            group.create_task(_chat(client, number, chats))
    return chats


async def _chat(client: httpx.AsyncClient, number: int, chats: Chats) -> None:
    """One question by one of the honest, to its end."""
    key = key_of(_HONEST[number % len(_HONEST)])
    body = {"message": f"{_QUESTIONS[number % len(_QUESTIONS)]} My case is number {number}."}
    began, numbers, said, last = time.monotonic(), [], "", ""
    try:
        headers = {"authorization": f"Bearer {key}"}
        async with client.stream("POST", "/chat/stream", json=body, headers=headers) as response:
            if response.status_code != httpx.codes.OK:
                chats.wrong.append(f"chat {number}: {response.status_code}")
                return
            async for line in response.aiter_lines():
                if line.startswith("id: "):
                    numbers.append(int(line[4:]))
                elif line.startswith("data: "):
                    event = orjson.loads(line[6:])
                    last = event["type"] if event["type"] != "heartbeat" else last
                    said = "" if last == "reset" else said + event.get("content", "")
    except httpx.HTTPError as error:
        chats.wrong.append(f"chat {number}: {type(error).__name__} after {time.monotonic() - began:.1f} s")
        return
    if last == "done" and said.strip() and numbers == list(range(len(numbers))):
        chats.seconds.append(time.monotonic() - began)
    else:
        chats.wrong.append(f"chat {number}: it ends with {last or 'nothing'}, {len(numbers)} events")


@asynccontextmanager
async def _watched(server: Server) -> AsyncIterator[list[Held]]:
    """What the desk holds meanwhile, looked at twice a second."""
    seen = [Held.by(server)]

    async def look() -> None:
        while True:
            await asyncio.sleep(0.5)
            seen.append(Held.by(server))

    looking = asyncio.create_task(look())
    try:
        yield seen
    finally:
        looking.cancel()


async def _settled(server: Server, before: Held) -> Held:
    """What is held once it is back where it was, or after three minutes."""
    until = time.monotonic() + _SETTLING_SECONDS
    while True:
        held = Held.by(server)
        back = held.megabytes <= before.megabytes + _MORE_MB
        if (back and held.descriptors <= before.descriptors + _MORE_DESCRIPTORS) or time.monotonic() > until:
            return held
        await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(attack(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS))
