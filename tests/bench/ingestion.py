"""Ingestion beside embedding alone, and a catalogue of 100,000 chunks: `python -m tests.bench.ingestion [chunks]`.

Embedding is measured on a sample, because a hundred thousand chunks take the better part of an hour. The rest of the
way (finding, reading, splitting, SQL, words, vectors) is measured at full size with vectors that are ready.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil

from knowledge import loaders
from knowledge.embedding.embedder import Embedder, Vectors
from knowledge.index.integrity import check
from knowledge.ingestion import chunking
from knowledge.ingestion.chunking import as_embedded
from knowledge.ingestion.ingest import ingest
from knowledge.library import Library
from knowledge.retrieval.search import Searcher
from tests.bench.client import figure
from tests.serving import ROOT

CHUNKS = 100_000
SAMPLES = ROOT / "knowledge" / "samples"
_PER_DOCUMENT = 10
_VOCABULARY = 30_000
_SLOWDOWN = 1.15


def main() -> None:
    """The sample, then the catalogue."""
    chunks_wanted = int(sys.argv[1]) if len(sys.argv) > 1 else CHUNKS
    with tempfile.TemporaryDirectory() as base:
        asyncio.run(sample(Path(base)))
        asyncio.run(catalogue(Path(base), chunks_wanted))


async def sample(base: Path) -> None:
    """The documents that ship, embedded alone and brought in as a whole, by turns."""
    passages = [passage for file in sorted(SAMPLES.rglob("*.md")) for passage in passages_of(file)]
    embedder = Embedder()
    await embedder.embed_documents(passages[:8])
    library = await Library.open(base / "sample")
    await library.embedder.embed_documents(passages[:8])
    began = clock()
    await embedder.embed_documents(passages)
    alone = len(passages) / (clock() - began)
    embedder.close()
    began = clock()
    for folder in sorted(SAMPLES.iterdir()):
        await ingest(folder, folder.name, library)
    rate = sum((await library.sizes()).values()) / (clock() - began)
    await library.close()
    print(f"embedding alone: {alone:.1f} chunks/s, of {sum(map(len, passages)) / len(passages):.0f} characters")
    figure("ingestion, chunks/s", f"{rate:.1f}", f"{alone / _SLOWDOWN:.1f}", rate >= alone / _SLOWDOWN)


async def catalogue(base: Path, wanted: int) -> None:
    """All but the embedding."""
    root = write(base / "documents", wanted)
    library = await Library.open(base / "large")
    ready = ReadyVectors()
    library.embedder.embed_documents = ready.embed  # type: ignore[method-assign]
    process = psutil.Process()
    began, before = clock(), process.memory_info().rss
    marks = []

    def progress(number: int, total: int, *_: object) -> None:
        if number % (total // 4) == 0:
            marks.append(clock() - began)

    await ingest(root, "general", library, progress=progress)
    seconds, held = clock() - began, sum((await library.sizes()).values())
    print(f"{held:,} chunks without their embedding: {seconds:.0f} s, {held / seconds:.0f} chunks/s")
    quarters = [later - earlier for earlier, later in zip([0.0, *marks], marks, strict=False)]
    print(f"each quarter of it: {', '.join(f'{quarter:.0f} s' for quarter in quarters)}")
    print(f"memory: {(process.memory_info().rss - before) / 2**20:.0f} MiB more than before")
    began = clock()
    report = await ingest(root, "general", library)
    print(f"again, with nothing changed ({len(report.skipped):,} files): {clock() - began:.1f} s")
    await searches(library, base)
    await library.close()
    size = sum(file.stat().st_size for file in (base / "large").rglob("*") if file.is_file())
    print(f"on disk: {size / 2**20:.0f} MiB")
    began = clock()
    problems = (await check(base / "large")).problems
    print(f"check: {clock() - began:.0f} s, {len(problems)} problems")
    (base / "large" / "chroma" / "chroma.sqlite3").write_bytes(b"")
    began = clock()
    library = await Library.open(base / "large")
    print(f"a start that makes the vector index anew: {clock() - began:.0f} s")
    await library.close()


async def searches(library: Library, base: Path) -> None:
    """One question at a time, alone and while documents come in."""
    searcher = Searcher(library)
    await ask(searcher, 20)
    print(f"search: {await ask(searcher, 200)}")
    more = write(base / "more", 2_000)
    bringing = asyncio.create_task(ingest(more, "general", library))
    beside = await ask(searcher, 200, bringing)
    print(f"search beside an ingestion with ready vectors, which is far faster than a real one: {beside}")
    await bringing


async def ask(searcher: Searcher, count: int, beside: "asyncio.Task[object] | None" = None) -> str:
    """Median and 99th percentile."""
    chance = random.Random(count)
    seconds: list[float] = []
    while len(seconds) < count and not (beside and beside.done()):
        began = clock()
        await searcher.search(" ".join(word(chance) for _ in range(6)) + f" {len(seconds)}?", "general")
        seconds.append(clock() - began)
    middle, worst = np.percentile(seconds, [50, 99]) * 1_000
    return f"{middle:.1f} ms, 99th percentile {worst:.1f} ms ({len(seconds)} questions)"


class ReadyVectors:
    """As far apart as real ones: around a thousand topics."""

    def __init__(self) -> None:
        self._chance = np.random.default_rng(7)
        self._topics = self._chance.normal(size=(1_000, 384))

    async def embed(self, texts: Sequence[str], owner: str = "", **_: object) -> Vectors:
        near = self._topics[self._chance.integers(0, 1_000, len(texts))]
        drawn = near + self._chance.normal(size=(len(texts), 384))
        return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)


def write(root: Path, wanted: int) -> Path:
    """Documents of about as many chunks, in words as frequent as those of a language."""
    chance = random.Random(wanted)
    for number in range(wanted // _PER_DOCUMENT):
        file = root / f"{number % 100}" / f"{number}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        sections = [
            f"## Section {part} on {word(chance)}\n\n" + " ".join(word(chance) for _ in range(75)) + "."
            for part in range(_PER_DOCUMENT)
        ]
        file.write_text(f"# Document {number}\n\n" + "\n\n".join(sections) + "\n", encoding="utf-8")
    return root


def word(chance: random.Random) -> str:
    """Few words are frequent, most are rare."""
    return f"w{int(_VOCABULARY ** chance.random())}x"


def passages_of(file: Path) -> list[str]:
    """As a library embeds them."""
    text = loaders.load(file.read_bytes(), file.name)
    return [as_embedded(text.title, chunk) for chunk in chunking.split_document(text)]


def clock() -> float:
    return time.perf_counter()


if __name__ == "__main__":
    main()
