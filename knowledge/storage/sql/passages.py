"""The passages of a library in SQL."""

import heapq
from collections.abc import Collection, Sequence

from knowledge.index import lexical
from knowledge.index.lexical import WordStatistics
from knowledge.index.vocabulary import Vocabulary
from knowledge.storage.database import Connection, Database
from knowledge.storage.documents import DocumentPlace, StoredChunk
from knowledge.storage.passages import FoundChunk, FoundChunks
from knowledge.storage.sql import fts5
from knowledge.storage.sql.facts import SERVING_MODEL, get_fact
from knowledge.storage.sql.fts5 import Fts5Reader
from knowledge.text.headings import shortened, shortened_path

_CHUNK = """SELECT c.id, c.document_id, d.folder, d.path, d.title, d.version, c.position, c.section, c.text, c.page
    FROM chunks c JOIN documents d ON d.id = c.document_id"""


class SqlPassageStore:
    """The SQL implementation of `PassageStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_chunks(
        self,
        text: str,
        statistics: WordStatistics,
        places: Sequence[DocumentPlace],
        near: Collection[int],
        limit: int,
    ) -> FoundChunks:
        return await self._database.read(lambda db: _find_chunks(db, text, statistics, places, near, limit))

    async def best_scores(
        self, text: str, statistics: WordStatistics, groups: Sequence[Sequence[DocumentPlace]], limit: int
    ) -> list[float]:
        def score(db: Connection) -> list[float]:
            reader = Fts5Reader(db)
            asked = lexical.read_question(reader, text, statistics)
            return [lexical.best_score(reader, places, asked, limit) for places in groups]

        return await self._database.read(score)

    async def chunks_by_id(self, ids: Sequence[int], owner: str) -> dict[int, StoredChunk]:
        return await self._database.read(lambda db: _chunks_by_id(db, ids, owner))

    async def shared_vocabulary(self) -> Vocabulary:
        return await self._database.read(fts5.shared_vocabulary, long=True)

    async def own_vocabulary(self, owner: str) -> Vocabulary:
        return await self._database.read(lambda db: fts5.own_vocabulary(db, owner))


def embeddings_of_chunks(db: Connection, ids: Sequence[int]) -> dict[int, bytes]:
    """Return the stored vectors of chunks, so that nothing is embedded twice."""
    if not ids:
        return {}
    marks = ",".join("?" * len(ids))
    rows = db.execute(f"SELECT id, embedding FROM chunks WHERE id IN ({marks})", tuple(ids))
    return dict(rows.fetchall())


def _find_chunks(
    db: Connection,
    text: str,
    statistics: WordStatistics,
    places: Sequence[DocumentPlace],
    near: Collection[int],
    limit: int,
) -> FoundChunks:
    reader = Fts5Reader(db)
    asked = lexical.read_question(reader, text, statistics)
    worded = lexical.candidates(reader, places, asked, limit)
    matches = lexical.scores(reader, places, [*near, *worded], asked)
    by_words = {chunk_id: sum(words.values()) for chunk_id, words in matches.items()}
    # Each place contributes up to `limit` chunks, of which the best are kept.
    ids = list({*near, *heapq.nlargest(limit, worded, key=by_words.__getitem__)})
    chunks = _chunks_by_id(db, ids, places[-1].owner)
    vectors = embeddings_of_chunks(db, list(chunks))
    found = tuple(FoundChunk(chunk, vectors[chunk_id], matches[chunk_id]) for chunk_id, chunk in chunks.items())
    return FoundChunks(asked, found, lacks_some=len(chunks) < len(ids), model=get_fact(db, SERVING_MODEL))


def _chunks_by_id(db: Connection, ids: Sequence[int], owner: str) -> dict[int, StoredChunk]:
    if not ids:
        return {}
    marks = ",".join("?" * len(ids))
    # An expression instead of the column keeps SQLite from scanning all shared documents for a few chunks.
    rows = db.execute(f"{_CHUNK} WHERE c.id IN ({marks}) AND d.owner || '' IN ('', ?)", (*ids, owner))
    # Documents stored by an earlier release may have headings of any length.
    cut = ({**dict(row), "title": shortened(row["title"]), "section": shortened_path(row["section"])} for row in rows)
    return {chunk["id"]: StoredChunk(**chunk) for chunk in cut}
