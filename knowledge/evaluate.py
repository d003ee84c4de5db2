"""`python -m knowledge.evaluate`: how good the desk is on labelled questions, with the embedded model and no key.

Stands on top of the desk it measures, which is why it alone in this folder knows agents. Questions are JSON lines:
`question`, `agents`, `documents` (folder/path), `answerable`, and for a follow-up `history`, the user's earlier turns.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pydantic import BaseModel, ValidationError
from tqdm import tqdm

from agents.catalog import Agent, Catalog, read_catalog
from agents.embedded_router import EmbeddedRouter
from agents.routing import Question as Asked
from knowledge.errors import DeskError, DocumentsNotFound, QuestionsInvalid
from knowledge.followups import context_for
from knowledge.ingest import ingest
from knowledge.library import Library
from knowledge.scores import Labelled, Measured, Scores, halves, threshold_for, worst
from knowledge.search import Searcher
from knowledge.strategies import Strategies

HERE = Path(__file__).parent
_MISSES = 10


def main() -> int:
    """0 when measured; 2 with the reason otherwise."""
    options = _options()
    try:
        questions = read_questions(options.questions)
        measured = asyncio.run(measure(questions, read_catalog(options.catalog), options.documents))
    except DeskError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 2
    tuning, reporting = halves(measured)
    if not reporting:
        print(f"error: {options.questions} holds too few questions of any kind to report on half", file=sys.stderr)
        return 2
    threshold = threshold_for(tuning, options.wrongly)
    scores = Scores.of(reporting, threshold)
    if options.json:
        print(json.dumps(asdict(scores)))
    else:
        _print(scores, len(tuning), worst(reporting, threshold)[:_MISSES])
    return 0


def read_questions(path: Path) -> list[Labelled]:
    """The labelled questions of a file, or an error that names the line."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionsInvalid(f"{path} cannot be read: {error}") from error
    questions = []
    for number, line in enumerate(lines, start=1):
        try:
            if line.strip():
                questions.append(_Line.model_validate_json(line).labelled())
        except ValidationError as error:
            first = error.errors()[0]
            what = ".".join(str(part) for part in first["loc"])
            raise QuestionsInvalid(f"{path}, line {number}: {what} {first['msg']}") from error
    return questions


class _Line(BaseModel):
    question: str
    history: tuple[str, ...] = ()
    agents: frozenset[str]
    documents: frozenset[str] = frozenset()
    answerable: bool

    def labelled(self) -> Labelled:
        return Labelled(self.question, self.history, self.agents, self.documents, self.answerable)


async def measure(questions: Sequence[Labelled], catalog: Catalog, documents: Path) -> list[Measured]:
    """Route each question and gather its evidence, over a throw-away index of the documents."""
    with tempfile.TemporaryDirectory() as directory:
        library = await Library.open(Path(directory))
        try:
            for folder in sorted({agent.knowledge for agent in catalog.agents}):
                if (documents / folder).is_dir():
                    await ingest(documents / folder, folder, library)
            if not await library.listing():
                raise DocumentsNotFound(f"{documents} has no folder that an agent of the catalogue answers from")
            desk = _Desk(catalog, library)
            progress = tqdm(questions, unit="question", disable=not sys.stderr.isatty())
            return [await desk.ask(question) for question in progress]
        finally:
            await library.close()


class _Desk:
    """What a question goes through, without the writing."""

    def __init__(self, catalog: Catalog, library: Library) -> None:
        searcher = Searcher(library)
        self._catalog = catalog
        self._router = EmbeddedRouter(library.embedder, searcher)
        self._strategies = Strategies(library, searcher)

    async def ask(self, question: Labelled) -> Measured:
        began = time.perf_counter()
        context = context_for(question.text, question.history)
        decision = await self._router.decide(Asked(question.text, context, question.history), self._catalog.agents)
        sources, confidence = {}, 0.0
        for agent, part in zip(decision.agents, decision.parts, strict=True):
            sources[agent], sure = await self._evidence(self._catalog.get(agent), part, context)
            confidence = max(confidence, sure)
        return Measured(
            question=question,
            agents=decision.agents,
            route_confidence=decision.confidence,
            sources=sources,
            confidence=confidence,
            seconds=time.perf_counter() - began,
        )

    async def _evidence(self, agent: Agent, text: str, context: str) -> tuple[tuple[str, ...], float]:
        evidence = await self._strategies.gather(agent.strategy, agent.knowledge, text, context=context)
        return tuple(excerpt.uri for excerpt in evidence.by_relevance), evidence.confidence


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the desk on labelled questions.")
    parser.add_argument(
        "--questions", type=Path, default=HERE / "questions.jsonl", help="labelled questions, JSON lines"
    )
    parser.add_argument(
        "--catalog", default="customer_support", help="a catalogue's name, or a directory of agent files"
    )
    parser.add_argument("--documents", type=Path, default=HERE / "samples", help="a directory with the agents' folders")
    parser.add_argument(
        "--wrongly", type=float, default=0.05, help="share of answerable questions that may be declined"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


def _print(scores: Scores, tuned_on: int, misses: Sequence[tuple[str, Measured]]) -> None:
    print(f"Threshold {scores.threshold:.3f}, tuned on {tuned_on} questions; reported on the other {scores.questions}:")
    for label, value in scores.rows():
        print(f"  {label:<58} {value}")
    print("Worst misses:")
    for what, miss in misses:
        print(f"  {what}: {' / '.join([*miss.question.history, miss.question.text])[:150]}")
        print(f"      expected {', '.join(sorted(miss.question.documents) or sorted(miss.question.agents))}")
        found = ", ".join(uri for agent in miss.agents for uri in miss.sources[agent][:3])
        print(f"      {' + '.join(miss.agents) or 'a person'} (confidence {miss.confidence:.2f}): {found}")


if __name__ == "__main__":
    sys.exit(main())
