"""`python -m tests.bench.search [passages ...]`: how long a search takes in large catalogues.

From the question to the passages: embedding it, dense and lexical search, and what they found. By itself, and while
documents come in one after the other. Every question is a new one, so that nothing is remembered.
"""

import asyncio
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil

from knowledge.library import Library
from knowledge.retrieval.search import Searcher
from knowledge.storage.documents import DocumentKey
from tests.bench.catalogue import FOLDERS, fill
from tests.bench.client import figure
from tests.serving import ROOT

PASSAGES = (10_000, 100_000)
SEARCHES = 400
AIM_MS = 25.0
_WARM = 20


async def main() -> None:
    for passages in [int(number) for number in sys.argv[1:]] or PASSAGES:
        with tempfile.TemporaryDirectory() as directory:
            library = await Library.open(Path(directory))
            began = time.perf_counter()
            await fill(library, passages)
            filled = time.perf_counter() - began
            await library.embedder.warm_up()
            memory = psutil.Process().memory_info().rss / 2**20
            print(f"{passages:,} passages: stored and indexed in {filled:.0f} s; {memory:,.0f} MiB resident")
            await _measure(library, passages)
            await library.close()


async def _measure(library: Library, passages: int) -> None:
    searcher, number = Searcher(library), itertools.count()
    questions = [json.loads(line)["question"] for line in _QUESTIONS.read_text(encoding="utf-8").splitlines()]

    async def search() -> float:
        asked = next(number)
        question = f"{questions[asked % len(questions)]} Case {asked}."
        began = time.perf_counter()
        await searcher.search(question, FOLDERS[asked % len(FOLDERS)])
        return 1000 * (time.perf_counter() - began)

    for _ in range(_WARM):
        await search()
    _print(f"{passages:,} passages", [await search() for _ in range(SEARCHES)], AIM_MS)
    bringing = asyncio.create_task(_bring_documents(library))
    _print(f"{passages:,} passages, documents coming in", [await search() for _ in range(SEARCHES)], None)
    bringing.cancel()
    await asyncio.wait([bringing])


async def _bring_documents(library: Library) -> None:
    """One document after the other, each of a dozen passages."""
    text = (ROOT / "knowledge" / "samples" / "billing" / "refund-policy.md").read_bytes()
    for number in itertools.count():
        await library.put(DocumentKey("billing", "coming in", f"{number}.md"), text + f"\nNumber {number}.".encode())


def _print(what: str, milliseconds: Sequence[float], aim: float | None) -> None:
    median, high = np.percentile(milliseconds, [50, 99])
    print(f"{what}: {median:.1f} ms in the median")
    figure(f"{what}: 99th percentile", f"{high:.1f} ms", f"<= {aim} ms" if aim else "", not aim or high <= aim)


_QUESTIONS = ROOT / "knowledge" / "questions.jsonl"

if __name__ == "__main__":
    asyncio.run(main())
