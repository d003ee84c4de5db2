"""`make bench`: what the desk costs on top of the model, with a scripted model of 500 tokens.

In one run: tokens per second and first-token time of the bare model's `astream`, of the graph's, and of the whole
`POST /chat/stream` over a real socket, at 1, 20 and 100 streams; then the memory of an idle stream.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import orjson
from langchain_core.messages import HumanMessage
from tqdm import tqdm

from agents.assistant import Assistant, AssistantRequest
from agents.catalog import read_catalog
from agents.graph.supervisor import Supervisor
from agents.graph.worker import Worker
from agents.routing.semantic import SemanticRouter
from backend.desk import spare_the_collector
from backend.storage.sql.checkpoints import open_memory
from frontdesk.contracts.events import Token
from knowledge.library import Library
from knowledge.retrieval.outcome import OutcomeThresholds
from knowledge.retrieval.search import Searcher
from knowledge.retrieval.strategies import EvidenceGatherer
from tests.conftest import index, write_documents
from tests.scripted import FollowsScript
from tests.serving import Server, serve_alone
from tests.streaming_model import writes

TOKENS = 500
STREAMS = (1, 20, 100)
ROUNDS = {1: 15, 20: 6, 100: 2}
IDLE = 200
QUESTION = f"How long do refunds of duplicate charges take? {TOKENS} tokens"
HELD = "How long do refunds of duplicate charges take? 3 tokens, then hang"

Ask = Callable[[str], AsyncIterator[int]]


@dataclass(frozen=True)
class Figures:
    """Of one way to stream, at one number of streams at once."""

    tokens_per_second: float
    first_token_ms: float


async def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        await index(root / "data", write_documents(root / "documents"))
        bare = await _levels("bare model", _bare)
        graph = await _graph_levels(root / "data")
        with serve_alone(root / "data", "tests.scripted", ANSWER_THRESHOLD=0) as server:
            whole = await _levels("whole path", lambda session: _over_socket(server, session, QUESTION))
        with serve_alone(root / "data", "tests.scripted", ANSWER_THRESHOLD=0) as server:
            memory = await _idle_memory(server)
    print(f"{'':>12}{'streams':>9}{'tokens/s':>12}{'first token, ms (median)':>28}")
    for name, levels in (("bare model", bare), ("graph", graph), ("whole path", whole)):
        for streams, figures in levels.items():
            print(f"{name:>12}{streams:>9}{figures.tokens_per_second:>12,.0f}{figures.first_token_ms:>28.1f}")
    for streams in STREAMS:
        share = whole[streams].tokens_per_second / graph[streams].tokens_per_second
        print(f"whole path / graph at {streams} streams: {share:.2f}")
    for what, kib in memory.items():
        print(f"memory of {what}: {kib:.1f} KiB each, over {IDLE}")


async def _levels(name: str, ask: Ask) -> dict[int, Figures]:
    await _measure(ask, 1)
    levels = {}
    for streams in tqdm(STREAMS, desc=name, disable=not sys.stderr.isatty()):
        rounds = [await _measure(ask, streams) for _ in range(ROUNDS[streams])]
        levels[streams] = max(rounds, key=lambda figures: figures.tokens_per_second)
    return levels


async def _measure(ask: Ask, streams: int) -> Figures:
    began = time.perf_counter()
    firsts: list[float] = []

    async def one(number: int) -> int:
        total = 0
        async for tokens in ask(f"{began}-{number}"):
            if not total:
                firsts.append(time.perf_counter() - began)
            total += tokens
        return total

    totals = await asyncio.gather(*(one(number) for number in range(streams)))
    seconds = time.perf_counter() - began
    if set(totals) != {TOKENS}:
        raise SystemExit(f"expected {TOKENS} tokens from each stream, had {sorted(set(totals))}")
    return Figures(sum(totals) / seconds, 1000 * statistics.median(firsts))


async def _bare(_: str) -> AsyncIterator[int]:
    async for chunk in FollowsScript().astream([HumanMessage(QUESTION)]):
        if chunk.text:
            yield 1


async def _graph_levels(data_dir: Path) -> dict[int, Figures]:
    library = await Library.open(data_dir)
    await library.embedder.warm_up()
    async with open_memory(data_dir) as saver:
        searcher = Searcher(library)
        router, worker = (
            SemanticRouter(library.embedder, searcher),
            Worker(EvidenceGatherer(library, searcher), OutcomeThresholds(0)),
        )
        writer = writes(FollowsScript())
        assistant = Assistant(Supervisor(read_catalog("customer_support"), [router], worker, lambda _: writer), saver)

        async def ask(session: str) -> AsyncIterator[int]:
            async for event in assistant.stream(AssistantRequest(QUESTION, session, session)):
                if isinstance(event, Token):
                    yield 1

        spare_the_collector()
        levels = await _levels("graph", ask)
    await library.close()
    return levels


async def _over_socket(server: Server, session: str, question: str) -> AsyncIterator[int]:
    """A client that costs little, since it shares the machine with the server that it measures."""
    reader, writer = await _request(server, session, question)
    async for data in _chunks(reader):
        yield data.count(b'"type":"token"')
    writer.close()


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    await reader.readuntil(b"\r\n\r\n")
    kept = b""
    while data := await reader.read(65536):
        whole, newline, rest = (kept + data).rpartition(b"\n")
        yield whole + newline
        kept = rest
        if data.endswith(b"0\r\n\r\n"):
            return


async def _request(server: Server, session: str, question: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    body = orjson.dumps({"message": question, "session_id": session})
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = (
        f"POST /chat/stream HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    return reader, writer


async def _idle_memory(server: Server) -> dict[str, float]:
    """What an answer costs that waits for its model, and what one more follower of it costs."""
    run_id = await _hold(server, "first")
    for number in range(20):
        await _hold(server, f"warm-{number}")
    followers = await _growth(server, lambda number: _follow(server, run_id))
    answers = await _growth(server, lambda number: _hold(server, f"held-{number}"))
    return {"an idle stream (a follower)": followers, "an idle run with its stream": answers}


async def _growth(server: Server, begin: Callable[[int], Awaitable[object]]) -> float:
    before = _resident_kib(server)
    for number in range(IDLE):
        await begin(number)
    return (_resident_kib(server) - before) / IDLE


_OPEN: list[asyncio.StreamWriter] = []


async def _hold(server: Server, session: str) -> str:
    """Ask, and wait until the model has said its three words and hangs; the connection stays open."""
    reader, writer = await _request(server, session, HELD)
    _OPEN.append(writer)
    start = await reader.readuntil(b'"run_id":"')
    run_id = (await reader.readuntil(b'"'))[:-1].decode()
    await reader.readuntil(b"word2")
    return run_id if start else ""


async def _follow(server: Server, run_id: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    _OPEN.append(writer)
    writer.write(f"GET /runs/{run_id}/stream HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\n\r\n".encode())
    await reader.readuntil(b"word2")


def _resident_kib(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


if __name__ == "__main__":
    asyncio.run(main())
