"""`python -m tests.bench.models`: what providers cost that fail, stall or are slow, and what a prompt cache saves.

Real loopback providers, the real desk in a process of its own, its own clients; a figure a line, with what was asked.
`python -m tests.bench.models faults` runs one part: faults, stalls, hundred or cache.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from langchain_core.messages import HumanMessage

from agents.assistant import Assistant, AssistantRequest
from agents.catalog import SHIPPED, read_catalog
from agents.chains import ModelChains
from agents.graph.supervisor import Supervisor
from agents.graph.worker import Worker
from agents.models.model_name import parse_model
from agents.models.registry import ModelRegistry
from agents.models.streaming_call import ModelRequest
from agents.settings import AgentSettings
from backend.storage.sql.checkpoints import open_memory
from frontdesk.contracts.events import Token
from knowledge.library import Library
from knowledge.retrieval.calibration import DEFAULT_THRESHOLD
from knowledge.retrieval.outcome import OutcomeThresholds
from knowledge.retrieval.search import Searcher
from knowledge.retrieval.strategies import EvidenceGatherer
from tests.bench.client import BOUND, PRIMARY, Heard, desk, figure, hear, many, median
from tests.bench.faults import faults
from tests.conftest import index, write_documents
from tests.llama import llama_server
from tests.provided import BILLING, GENERAL, PRIVACY, TECHNICAL, at_bedrock, no_profile
from tests.providers.answers import RecordedRequest
from tests.providers.bedrock import BedrockServer
from tests.providers.openai import OpenAIServer
from tests.providers.script import Fault, Script
from tests.serving import Server

STALLED = 64
SAMPLES = 30
THINKS = Script(first_token_seconds=0.2)  # as a quick provider
STREAMS = 100
SLOW = Script(first_token_seconds=0.7)
STALLING_NOVA, HEALTHY_NOVA = "bedrock:us.amazon.nova-micro-v1:0", "bedrock:us.amazon.nova-pro-v1:0"
PATIENCE = {"MODEL_FIRST_TOKEN_SECONDS": 120, "MODEL_IDLE_SECONDS": 120}
POLICY = (
    "{number}. Records of category {number} are kept for {years} years in Frankfurt, encrypted with AES-256, and "
    "erased from all backups within {days} days after the contract ends, unless a legal hold is in force."
)
RULES = 50


async def stalls(data: Path) -> None:
    """Streams that say nothing any more must not slow down those of other models."""
    for stalling in (TECHNICAL, PRIVACY):
        with BedrockServer(_by_model) as bedrock, OpenAIServer(THINKS) as cloud, OpenAIServer(THINKS) as own:
            settings = _stalling_settings(data, own)
            with desk(data, bedrock, cloud, **settings) as server:
                await _stall(server, stalling, bedrock if stalling == TECHNICAL else own)


def _by_model(request: RecordedRequest) -> Script:
    return Script(fault=Fault.STALL, at=2) if request.path.endswith("nova-micro-v1%3A0/converse-stream") else THINKS


def _stalling_settings(data: Path, own: OpenAIServer) -> dict[str, Any]:
    """Technical and compliance stall; billing and general have another model or another address each."""
    models = {"technical": STALLING_NOVA, "billing": HEALTHY_NOVA, "general": "openai:gpt-4o-mini"}
    models["compliance"] = f"openai-compatible:own@{own.url}/v1"
    directory = data.parent / "agents"
    directory.mkdir(exist_ok=True)
    for agent, model in models.items():
        text = (SHIPPED / "customer_support" / f"{agent}.md").read_text(encoding="utf-8")
        (directory / f"{agent}.md").write_text(text.replace("---\n", f"---\nmodel: {model}\n", 1), encoding="utf-8")
    return {**PATIENCE, "CATALOG": directory}


async def _stall(server: Server, stalling: str, stalled: BedrockServer | OpenAIServer) -> None:
    kinds = {"Bedrock": BILLING, "OpenAI": GENERAL}
    usual = {kind: await _one_by_one(server, f"usual {kind}", question) for kind, question in kinds.items()}
    if isinstance(stalled, OpenAIServer):
        stalled.script = Script(fault=Fault.STALL, at=2)
    before = len(stalled.requests)
    held = [asyncio.create_task(hear(server, f"held-{number}", stalling)) for number in range(STALLED)]
    await asyncio.to_thread(stalled.wait_for_requests, before + STALLED, BOUND)
    name = "Bedrock" if stalling == TECHNICAL else "an OpenAI-compatible server"
    for kind, question in kinds.items():
        now = await _one_by_one(server, f"beside {kind}", question)
        ratio = median(now) / median(usual[kind])
        what = f"{STALLED} stalled on {name}: first token of another model on {kind}"
        times = f"{1000 * median(usual[kind]):.0f} -> {1000 * median(now):.0f} ms"
        figure(f"{what} ({times})", f"{ratio:.2f}", "<= 1.2", ratio <= 1.2)
    if any(task.done() for task in held):
        raise SystemExit("a stalled stream ended while the others were measured")
    for task in held:
        task.cancel()
    await asyncio.gather(*held, return_exceptions=True)


async def _one_by_one(server: Server, name: str, question: str) -> list[Heard]:
    await many(server, f"warm {name}".replace(" ", "-"), 3, 1, question)
    return await many(server, name.replace(" ", "-"), SAMPLES, 1, question)


async def hundred(data: Path) -> None:
    """A hundred Bedrock streams begin at once; each waits for its own first token and for no other."""
    with BedrockServer() as bedrock, OpenAIServer() as cloud:
        with desk(data, bedrock, cloud) as server:
            await many(server, "warm", STREAMS, STREAMS)
            bedrock.script = SLOW
            heard = await many(server, "hundred", STREAMS, STREAMS)
        for one in heard:
            if one.answered_by != PRIMARY:
                raise SystemExit(f"an answer came from {one.answered_by}")
        first = median(heard)
        what = f"{STREAMS} Bedrock streams at once, 0.7 s to the first token: median first token"
        figure(f"{what}, through HTTP", f"{first:.2f} s", "< 1.2 s", first < 1.2)
        first = await _model_alone(data, bedrock)
        figure(f"{what}, the model alone", f"{first:.2f} s", "< 1.2 s", first < 1.2)
        bedrock.script = Script()
        first = await _in_process(data, bedrock)
        figure(f"{what}, the graph alone", f"{first:.2f} s", "< 1.2 s", first < 1.2)


def _reach(data: Path, bedrock: BedrockServer) -> None:
    reached = {**at_bedrock(bedrock), **no_profile(data), "AWS_EC2_METADATA_DISABLED": "true"}
    os.environ.update({name: str(value) for name, value in reached.items()})  # noqa: TID251


async def _model_alone(data: Path, bedrock: BedrockServer) -> float:
    """Without a desk: the client, its threads and its connections."""
    _reach(data, bedrock)
    models = ModelRegistry(AgentSettings())
    model = models.get(parse_model(PRIMARY))

    async def one() -> float:
        began, first = time.perf_counter(), float("nan")
        async for piece in model.ask(ModelRequest([HumanMessage(BILLING)])):
            if piece.text and not first > 0:
                first = time.perf_counter() - began
        return first

    try:
        await one()
        return statistics.median(await asyncio.gather(*(one() for _ in range(STREAMS))))
    finally:
        await models.close()


async def _in_process(data: Path, bedrock: BedrockServer) -> float:
    """The same through the assistant, without a service around it."""
    _reach(data, bedrock)
    settings = AgentSettings(supervisor_model="embedded", worker_model=PRIMARY)
    library = await Library.open(data)
    models = ModelRegistry(settings)
    try:
        await library.embedder.warm_up()
        async with open_memory(data) as saver:
            searcher, catalog = Searcher(library), read_catalog("customer_support")
            chains = ModelChains(settings, models, library.embedder, searcher, catalog)
            worker = Worker(EvidenceGatherer(library, searcher), OutcomeThresholds(DEFAULT_THRESHOLD))
            assistant = Assistant(Supervisor(catalog, chains.routers, worker, chains.writer_chain), saver)
            await _firsts(assistant, "warm")
            bedrock.script = SLOW
            return statistics.median(await _firsts(assistant, "slow"))
    finally:
        await models.close()
        await library.close()


async def _firsts(assistant: Assistant, name: str) -> list[float]:
    """The seconds to each stream's first token."""

    async def one(thread: str) -> float:
        began, first = time.perf_counter(), float("nan")
        async for item in assistant.stream(AssistantRequest(BILLING, thread, thread)):
            if isinstance(item, Token) and not first > 0:
                first = time.perf_counter() - began
        return first

    return list(await asyncio.gather(*(one(f"{name}-{number}") for number in range(STREAMS))))


async def cache(data: Path) -> None:
    """The second question to an agent that reads all its documents has little left to read."""
    with BedrockServer() as bedrock, OpenAIServer() as cloud, llama_server() as llama:
        settings = {"COMPLIANCE_MODEL_URL": llama.url, "MODEL_MAX_TOKENS": 16}
        with desk(data, bedrock, cloud, **settings) as server:
            first = await hear(server, "first", PRIVACY)
            second = await hear(server, "second", "How soon is personal data erased from backups, and from which?")
    for heard in (first, second):
        if heard.answered_by != "openai-compatible":
            raise SystemExit(f"an answer came from {heard.answered_by}: {heard.last}")
    usages = [heard.last["usage"] for heard in (first, second)]
    for name, heard, usage in zip(("first", "second"), (first, second), usages, strict=True):
        what = f"a real llama.cpp, all documents in the prompt: {name} question's first token"
        figure(
            f"{what} ({usage['cached']} of {usage['prompt']} tokens cached)", f"{heard.first_token:.2f} s", "-", True
        )
    times = first.first_token / second.first_token
    figure("a real llama.cpp, all documents in the prompt: first / second", f"{times:.1f}", ">= 3", times >= 3)


def _write(documents: Path) -> Path:
    write_documents(documents)
    rules = (POLICY.format(number=number, years=number % 9 + 1, days=number + 20) for number in range(1, RULES + 1))
    (documents / "compliance" / "retention.md").write_text("# Retention\n\n" + "\n\n".join(rules), encoding="utf-8")
    return documents


PARTS: dict[str, Callable[[Path], Awaitable[None]]] = {
    "faults": faults,
    "stalls": stalls,
    "hundred": hundred,
    "cache": cache,
}


async def main() -> None:
    chosen = sys.argv[1:] or list(PARTS)
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        await index(root / "data", _write(root / "documents"))
        for name in chosen:
            await PARTS[name](root / "data")


if __name__ == "__main__":
    asyncio.run(main())
