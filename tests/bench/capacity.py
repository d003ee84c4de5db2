"""`python -m tests.bench.capacity`: 200 answers at once beside 1,000 idle streams and 1,000 slow ones.

The desk against `create_agent` behind a plain `StreamingResponse`, one after the other in the same run: time to the
first token, gaps between tokens, memory for each stream.
"""

import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import orjson
import psutil

from tests.conftest import index, write_documents
from tests.serving import ROOT, free_port, serve_alone

RUNS, IDLE, SLOW = 200, 1_000, 1_000
QUESTION = "How long do refunds of duplicate charges take? 200 tokens, 50 ms apart"
HELD = "How long do refunds of duplicate charges take? 3 tokens, then hang"
LONG = "How long do refunds of duplicate charges take? 4000 tokens"
# A finished answer cannot be followed there, and what is written at once disappears into the kernel's buffers.
SLOWLY = "How long do refunds of duplicate charges take? 4000 tokens, 1000 ms apart"
SLOW_BYTES, SLOW_PAUSE = 512, 1.0
OPEN_FILES = 16_384
_AT_ONCE = 50


@dataclass
class Target:
    """A server under test, and how more streams of it are opened."""

    name: str
    port: int
    pid: int
    idle: bytes = b""
    slow: bytes = b""

    def resident_kib(self) -> float:
        return float(psutil.Process(self.pid).memory_info().rss) / 1024


@dataclass
class Figures:
    """Of one target."""

    firsts: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    tokens: int = 0
    seconds: float = 0.0
    stream_kib: float = 0.0


async def main() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        await index(root / "data", write_documents(root / "documents"))
        with _bare() as bare:
            reference = await _measure(bare)
        settings = {"ANSWER_THRESHOLD": 0, "MAX_STREAMS": 8_192, "RUN_TIMEOUT_SECONDS": 900, "LOG_LEVEL": "error"}
        with serve_alone(root / "data", "tests.scripted", **settings) as server:
            desk = Target("desk", server.port, server.process.pid)
            await _prepare(desk)
            measured = await _measure(desk)
    print(f"{RUNS} answers at 20 tokens/s, {IDLE:,} idle and {SLOW:,} slow streams beside them")
    print(f"{'':>14}{'first token p50':>18}{'p99':>10}{'gap p50':>10}{'p99':>10}{'tokens/s':>10}{'KiB a stream':>14}")
    for name, figures in (("create_agent", reference), ("desk", measured)):
        first, gap = figures.firsts, figures.gaps
        print(
            f"{name:>14}{at(first, 0.5):>15.0f} ms{at(first, 0.99):>7.0f} ms{at(gap, 0.5):>7.0f} ms"
            f"{at(gap, 0.99):>7.0f} ms{figures.tokens / figures.seconds:>10,.0f}{figures.stream_kib:>14.1f}"
        )


@contextmanager
def _bare() -> Iterator[Target]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.bare", str(port)], cwd=ROOT)
    try:
        with httpx.Client(trust_env=False) as client:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                try:
                    client.get(f"http://127.0.0.1:{port}/")
                    break
                except httpx.TransportError:
                    time.sleep(0.1)  # polls for a condition; the deadline above bounds it
        yield Target("create_agent", port, process.pid, _asking(port, HELD), _asking(port, SLOWLY))
    finally:
        process.kill()
        process.wait()


async def _prepare(desk: Target) -> None:
    """One run that hangs, for all the idle streams to follow, and one that is long, for the slow ones."""
    held = await _run_id(desk, HELD, b"word2 ")
    long = await _run_id(desk, LONG, b'"type":"done"')
    desk.idle, desk.slow = (
        f"GET /runs/{run_id}/stream HTTP/1.1\r\nhost: 127.0.0.1:{desk.port}\r\n\r\n".encode() for run_id in (held, long)
    )


async def _run_id(desk: Target, question: str, until: bytes) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.port, limit=2**22)
    writer.write(_asking(desk.port, question))
    await reader.readuntil(b'"run_id":"')
    run_id = (await reader.readuntil(b'"'))[:-1].decode()
    await reader.readuntil(until)
    writer.close()
    return run_id


async def _measure(target: Target) -> Figures:
    await answers(target, 5)
    before = target.resident_kib()
    idle = await _open(target, target.idle, IDLE)
    slow = await _open(target, target.slow, SLOW)
    reading = [asyncio.create_task(_dawdle(reader)) for reader, _ in slow]
    figures = await answers(target, RUNS)
    figures.stream_kib = (target.resident_kib() - before) / (IDLE + SLOW)
    for task in reading:
        task.cancel()
    await asyncio.gather(*reading, return_exceptions=True)
    for _, writer in (*idle, *slow):
        writer.transport.abort()
    return figures


async def _open(target: Target, request: bytes, number: int) -> list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", target.port, limit=SLOW_BYTES)
            writer.write(request)
            await reader.read(SLOW_BYTES)
            return reader, writer

    return list(await asyncio.gather(*(one() for _ in range(number))))


async def _dawdle(reader: asyncio.StreamReader) -> None:
    while await reader.read(SLOW_BYTES):  # noqa: ASYNC110 - it is slow on purpose
        await asyncio.sleep(SLOW_PAUSE)


async def answers(target: Target, number: int) -> Figures:
    """So many answers at once."""
    figures, began = Figures(), time.perf_counter()
    await asyncio.gather(*(_answer(target, figures) for _ in range(number)))
    figures.seconds = time.perf_counter() - began
    return figures


async def _answer(target: Target, figures: Figures) -> None:
    began, last = time.perf_counter(), 0.0
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    writer.write(_asking(target.port, QUESTION))
    while data := await reader.read(65_536):
        if tokens := data.count(b'"type":"token"'):
            now = time.perf_counter()
            if last:
                figures.gaps.append(1000 * (now - last))
            else:
                figures.firsts.append(1000 * (now - began))
            last = now
            figures.tokens += tokens
        if data.endswith(b"0\r\n\r\n"):
            break
    writer.close()


def _asking(port: int, question: str) -> bytes:
    body = orjson.dumps({"message": question})
    head = (
        f"POST /chat/stream HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body


def at(values: Sequence[float], share: float) -> float:
    """The value that such a share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


if __name__ == "__main__":
    asyncio.run(main())
