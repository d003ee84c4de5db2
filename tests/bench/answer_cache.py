"""`python -m tests.bench.answer_cache`: how long an answer takes that comes from the cache, and one that does not.

The samples, without a model, so that the comparison is with the fastest way of answering. Every question begins a
conversation; the questions are not known to the process before.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from agents.answering.extractive_writer import ExtractiveWriter
from agents.answering.writer import WriterChain
from agents.caching.answer_cache import AnswerCache
from agents.caching.store import CacheLimits
from agents.catalog import read_catalog
from backend.storage.sql import migrations
from backend.storage.sql.cached_answers import SqlAnswerCacheStore
from knowledge.ingestion.ingest import ingest
from knowledge.library import Library
from knowledge.storage.sqlite import SqliteDatabase
from tests.agents.conversation import Desk, open_desk
from tests.bench.client import figure
from tests.serving import ROOT

_AIM = 0.5


async def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        library = await Library.open(Path(directory))
        for folder in sorted((ROOT / "knowledge" / "samples").iterdir()):
            await ingest(folder, folder.name, library)
        database = SqliteDatabase(Path(directory) / "desk.db", migrations.MIGRATIONS)
        store, limits = SqlAnswerCacheStore(database), CacheLimits(1_000, 50_000_000, 86_400)
        state = library.stores.documents.folder_state
        cache = AnswerCache(store, state, library.embedder, time.time, limits, "bench")
        chain = WriterChain([ExtractiveWriter()])
        async with open_desk(library, chain, Path(directory), cache=cache) as desk:
            await _compare(desk)
        await database.close()
        await library.close()


async def _compare(desk: Desk) -> None:
    questions = [example for agent in read_catalog("customer_support").agents for example in agent.examples]
    first, again = [[await _ask(desk, question, name) for question in questions] for name in ("first", "again")]
    # A question of two agents, and one that was declined, are answered anew.
    both = [(before[0], after[0]) for before, after in zip(first, again, strict=True) if after[1]]
    before, after = (1000 * statistics.median(times) for times in zip(*both, strict=True))
    print(f"{len(questions)} questions, {len(both)} of them answered from the cache when they were asked again")
    figure(
        "median of an answer, and of the same from the cache",
        f"{before:.1f} ms, {after:.1f} ms",
        f"x {_AIM}",
        after <= _AIM * before,
    )


async def _ask(desk: Desk, question: str, name: str) -> tuple[float, bool]:
    began = time.perf_counter()
    turn = await desk.ask(question, f"{name} {question}")
    return time.perf_counter() - began, bool(turn.outcome and turn.outcome.cached)


if __name__ == "__main__":
    asyncio.run(main())
