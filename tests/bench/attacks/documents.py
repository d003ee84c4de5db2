"""The worst documents: what they take to be read beside an answer, and what headings make of a document."""

import asyncio
import multiprocessing
import shutil
import tempfile
import time
from multiprocessing.queues import SimpleQueue
from pathlib import Path

from agents.answering.sources import SourceNumbering
from agents.graph.answer_stream import AnswerStream
from frontdesk.contracts.events import Sources
from knowledge.errors import DocumentUnreadable
from knowledge.library import Library
from knowledge.retrieval import support
from knowledge.retrieval.search import Searcher
from knowledge.retrieval.strategies import EvidenceGatherer
from knowledge.storage.documents import DocumentKey
from tests.bench.client import figure
from tests.knowledge.text.worst import documents, filled

CHARS = 60_000
QUESTION = "What does the storage of part 7 cost?"
ANSWER = " ".join(f"You must pay the fee of step {number} today." for number in range(40))
_GIVEN_UP = 30
_SECONDS = 1.0
_BYTES = 5_000_000
_SOURCES = 20_000


async def attack() -> None:
    """Each document once."""
    for name, text in documents(CHARS).items():
        seconds = await asyncio.to_thread(_judged, text)
        told = f"{seconds:.2f} s" if seconds is not None else f"over {_GIVEN_UP} s"
        figure(
            f"{name}, {CHARS:,} characters: an answer judged by them", told, "1 s", (seconds or _GIVEN_UP) < _SECONDS
        )
    for name, text in _headed().items():
        await _stored(name, text)


def _headed() -> dict[str, str]:
    """Documents of about 261 KB with headings above many parts."""
    parts = [
        f"## Part {number}\n\n{filled('The storage of this part costs 7 EUR. ', 800)}\n\n" for number in range(160)
    ]
    tiny = "".join(f"### {number}\n\ny\n\n" for number in range(17_000))
    return {
        "one heading of 130,000 characters": f"# {filled('heading ', 130_000)}\n\n{''.join(parts)}",
        "two headings of 190 characters over 17,000 parts": f"# {'a' * 190}\n\n## {'b' * 190}\n\n{tiny}",
    }


def _judged(text: str) -> float | None:
    """Processor seconds, in a process that can be ended."""
    context = multiprocessing.get_context("spawn")
    told: SimpleQueue[float] = context.SimpleQueue()
    judging = context.Process(target=_judge, args=(text, told))
    judging.start()
    judging.join(_GIVEN_UP)
    if judging.is_alive():
        judging.kill()
        judging.join()
        return None
    return told.get()


def _judge(text: str, told: "SimpleQueue[float]") -> None:
    began = time.process_time()
    support._compare_answer(ANSWER, (text,))
    told.put(time.process_time() - began)


async def _stored(name: str, text: str) -> None:
    directory = Path(tempfile.mkdtemp())
    library = await Library.open(directory / "data")
    try:
        began = time.monotonic()
        try:
            stored = await library.put(DocumentKey("billing", "test", "headings.md"), text.encode())
        except DocumentUnreadable as error:
            figure(f"{name}: refused ({error.message[:40]}...)", f"{time.monotonic() - began:.1f} s", "", holds=True)
            return
        seconds = time.monotonic() - began
        bytes_stored = (directory / "data" / "knowledge.db").stat().st_size
        wal = directory / "data" / "knowledge.db-wal"
        bytes_stored += wal.stat().st_size if wal.exists() else 0
        figure(
            f"{name}: {stored.chunks} passages in {seconds:.0f} s", f"{bytes_stored:,} B", "5 MB", bytes_stored < _BYTES
        )
        told = await _told(library)
        figure(f"{name}: what an answer tells of its sources", f"{told:,} B", "20 kB", told < _SOURCES)
    finally:
        await library.close()
        await asyncio.to_thread(shutil.rmtree, directory)


async def _told(library: Library) -> int:
    events: list[Sources] = []
    evidence = await EvidenceGatherer(library, Searcher(library)).gather("rag", "billing", QUESTION)
    shown = SourceNumbering(
        "billing", AnswerStream(), lambda event: events.append(event) if isinstance(event, Sources) else None
    )
    shown.begin(evidence)
    return sum(len(event.model_dump_json()) for event in events)
