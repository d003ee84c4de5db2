"""The desk under evaluation: the one that ships, from the question to the last word, with the embedded model alone."""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from tqdm import tqdm

from agents.answering.extractive_writer import ExtractiveWriter
from agents.answering.writer import WriterChain
from agents.assistant import AnswerOutcome, Assistant, AssistantRequest
from agents.catalog import Catalog
from agents.graph.supervisor import Supervisor
from agents.graph.worker import Worker
from agents.routing.semantic import SemanticRouter
from backend.settings import Settings
from evaluation.questions import Labelled, Measured
from frontdesk.contracts.events import Event, Route, Sources, Token
from knowledge.embedding.reranker import open_reranker
from knowledge.errors import DocumentsNotFound
from knowledge.ingestion.ingest import ingest
from knowledge.library import Library
from knowledge.retrieval.outcome import OutcomeThresholds
from knowledge.retrieval.search import Searcher
from knowledge.retrieval.strategies import Evidence, EvidenceGatherer


@asynccontextmanager
async def throwaway_library(embedding_model: str) -> AsyncIterator[Library]:
    """Open an empty library that is deleted afterwards."""
    with tempfile.TemporaryDirectory() as directory:
        library = await Library.open(Path(directory), embedding_model=embedding_model)
        try:
            yield library
        finally:
            await library.close()


@asynccontextmanager
async def indexed_library(catalog: Catalog, documents: Path, embedding_model: str) -> AsyncIterator[Library]:
    """Index the folders that the catalogue's agents answer from in a temporary library."""
    async with throwaway_library(embedding_model) as library:
        for folder in sorted({agent.knowledge for agent in catalog.agents}):
            if (documents / folder).is_dir():
                report = await ingest(documents / folder, folder, library)
                for name, reason in report.failed.items():
                    print(f"not indexed: {folder}/{name}: {reason}", file=sys.stderr)
        if not await library.listing():
            raise DocumentsNotFound(f"{documents} has no folder that an agent of the catalogue answers from")
        yield library


async def measure_desk(
    questions: Sequence[Labelled], catalog: Catalog, library: Library, thresholds: OutcomeThresholds, settings: Settings
) -> list[Measured]:
    """Ask every question, each in a conversation of its own, whose earlier turns are asked first."""
    async with open_reranker(settings.reranker) as second_look:
        searcher = Searcher(library, second_look)
        desk = _EvaluatedDesk(
            catalog, searcher, _ConfidenceRecorder(library, searcher, settings.whole_documents_chars), thresholds
        )
        await library.embedder.warm_up()
        progress = tqdm(questions, unit="question", disable=not sys.stderr.isatty())
        return [await desk.ask_question(question, str(number)) for number, question in enumerate(progress)]


class _EvaluatedDesk:
    """The desk without its endpoints and its event log."""

    def __init__(
        self, catalog: Catalog, searcher: Searcher, strategies: "_ConfidenceRecorder", thresholds: OutcomeThresholds
    ) -> None:
        self._strategies = strategies
        writers = WriterChain([ExtractiveWriter()])
        router = SemanticRouter(strategies.embedder, searcher)
        supervisor = Supervisor(catalog, [router], Worker(self._strategies, thresholds), lambda agent: writers)
        self._memory = InMemorySaver()
        self._assistant = Assistant(supervisor, self._memory)

    async def ask_question(self, question: Labelled, thread: str) -> Measured:
        for number, earlier in enumerate(question.history):
            await self._run_turn(AssistantRequest(earlier, thread, f"{thread}.{number}"))
        self._strategies.confidence = None
        began = time.perf_counter()
        events, outcome = await self._run_turn(AssistantRequest(question.text, thread, thread))
        seconds = time.perf_counter() - began
        await asyncio.to_thread(self._memory.delete_thread, thread)
        route = next((event for event in events if isinstance(event, Route)), None)
        return Measured(
            question=question,
            agents=tuple(route.agents) if route else (),
            route_confidence=route.confidence if route else 0.0,
            sources=_sources_by_agent(events),
            confidence=self._strategies.confidence,
            declined=outcome.finish_reason == "declined",
            hedged=outcome.finish_reason == "hedged",
            answer="".join(event.content for event in events if isinstance(event, Token)),
            sentences=tuple(sentence.score for sentence in outcome.support.sentences) if outcome.support else (),
            seconds=seconds,
        )

    async def _run_turn(self, turn: AssistantRequest) -> tuple[list[Event], AnswerOutcome]:
        items = [item async for item in self._assistant.stream(turn)]
        outcome = next(item for item in items if isinstance(item, AnswerOutcome))
        return [item for item in items if not isinstance(item, AnswerOutcome)], outcome


class _ConfidenceRecorder(EvidenceGatherer):
    """Strategies that remember the confidence of the most confident agent."""

    confidence: float | None = None

    async def gather(self, *arguments: Any, **options: Any) -> Evidence:  # noqa: ANN401 - passed on unchanged
        evidence = await super().gather(*arguments, **options)
        self.confidence = max(self.confidence or 0.0, evidence.confidence)
        return evidence


def _sources_by_agent(events: Sequence[Event]) -> dict[str, tuple[str, ...]]:
    """Return the documents of each agent, each once, in the order of its sources."""
    found: dict[str, list[str]] = {}
    for event in events:
        if isinstance(event, Sources):
            found.setdefault(event.agent, []).extend(source.uri for source in event.sources)
    return {agent: tuple(dict.fromkeys(uris)) for agent, uris in found.items()}
