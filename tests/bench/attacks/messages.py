"""The worst messages: processor time for reading their words, and for a whole answer without a model server."""

import asyncio
import shutil
import tempfile
import time
from functools import partial
from pathlib import Path

from knowledge.index import lexical
from knowledge.index.lexical import WordStatistics
from knowledge.index.vocabulary import Vocabulary
from knowledge.ingestion.ingest import ingest
from knowledge.library import Library
from knowledge.retrieval.search import Searcher
from knowledge.storage.database import Connection
from knowledge.storage.sql.fts5 import Fts5Reader
from knowledge.text import words as terms
from tests.bench.client import figure
from tests.knowledge.text.worst import messages

SAMPLES = Path(__file__).parents[3] / "knowledge" / "samples"
FOLDERS = ("billing", "compliance", "general", "technical")
CHARS = 8_000
_READ_SECONDS, _WHOLE_SECONDS = 0.05, 2.0
# The one that was found: sentence ends, then words that may be names.
FOUND = ". " * 750 + "x " + "Bq " * 500


async def attack() -> None:
    """Each message once."""
    directory = Path(tempfile.mkdtemp())
    library = await Library.open(directory / "data")
    try:
        for folder in FOLDERS:
            await ingest(SAMPLES / folder, folder, library)
        await _ask(library)
    finally:
        await library.close()
        await asyncio.to_thread(shutil.rmtree, directory)


async def _ask(library: Library) -> None:
    searcher = Searcher(library)
    await searcher.search("warm up", FOLDERS[0])
    words = await library.vocabularies.shared()
    for name, message in {"as found, 3,000 characters": FOUND, **messages(CHARS)}.items():
        read = await library._database.read(partial(_read, message=message, words=words))
        began = time.process_time()
        await searcher.closeness(message, FOLDERS)
        await searcher.search(message, FOLDERS[0])
        whole = time.process_time() - began
        figure(f"{name}: words read", f"{1000 * read:.1f} ms", "50 ms", read < _READ_SECONDS)
        figure(
            f"{name}: routed and searched, all threads", f"{1000 * whole:.0f} ms", "2,000 ms", whole < _WHOLE_SECONDS
        )


def _read(db: Connection, message: str, words: Vocabulary) -> float:
    """Processor seconds of the reading thread."""
    terms.stem.cache_clear()
    began = time.thread_time()
    lexical.read_question(Fts5Reader(db), message, WordStatistics(words, words, 1_000))
    return time.thread_time() - began
