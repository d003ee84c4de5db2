"""The passages of a library in SQL."""

import heapq
from collections.abc import Collection, Sequence
from typing import Any

from knowledge.index import lexical
from knowledge.index.lexical import LexicalQuery, WordStatistics
from knowledge.index.spelling import nearest_word
from knowledge.index.vocabulary import Vocabulary
from knowledge.storage.database import Connection, Database
from knowledge.storage.documents import DocumentPlace, StoredChunk
from knowledge.storage.passages import FoundChunk, FoundChunks
from knowledge.storage.sql import fts5
from knowledge.storage.sql.facts import SERVING_MODEL, get_fact
from knowledge.storage.sql.fts5 import Fts5Reader
from knowledge.text import words
from knowledge.text.headings import shortened, shortened_path

_CHUNK_COLUMNS = "c.id, c.document_id, d.folder, d.path, d.title, d.version, c.position, c.section, c.text, c.page"
_CHUNK = f"SELECT {_CHUNK_COLUMNS} FROM chunks c JOIN documents d ON d.id = c.document_id"


class SqlPassageStore:
    """The SQL implementation of `PassageStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_chunks(
        self,
        text: str,
        statistics: WordStatistics,
        groups: Sequence[Sequence[DocumentPlace]],
        near: Sequence[Collection[int]],
        limit: int,
    ) -> list[FoundChunks]:
        def find(db: Connection) -> list[FoundChunks]:
            asked = lexical.read_question(Fts5Reader(db), text, statistics)
            return [_find_chunks(db, asked, *group, limit) for group in zip(groups, near, strict=True)]

        return await self._database.read(find)

    async def best_scores(
        self, text: str, statistics: WordStatistics, groups: Sequence[Sequence[DocumentPlace]], limit: int
    ) -> list[float]:
        def score(db: Connection) -> list[float]:
            reader = Fts5Reader(db)
            asked = lexical.read_question(reader, text, statistics)
            return [lexical.best_score(reader, places, asked, limit) for places in groups]

        return await self._database.read(score)

    async def corrections(self, misspelt: Sequence[str], statistics: WordStatistics) -> dict[str, str]:
        def correct(db: Connection) -> dict[str, str]:
            reader = Fts5Reader(db)
            unknown = [word for word in misspelt if not reader.frequency(words.stem(word))]
            near = {word: nearest_word(word, statistics.shared, statistics.own) for word in unknown}
            return {word: reader.written_word(meant, word) or meant for word, meant in near.items() if meant}

        return await self._database.read(correct)

    async def chunks_by_id(self, ids: Sequence[int], owner: str) -> dict[int, StoredChunk]:
        return await self._database.read(lambda db: _chunks_by_id(db, ids, owner))

    async def section_chunks(self, ids: Sequence[int], reach: int) -> dict[int, list[StoredChunk]]:
        return await self._database.read(lambda db: _section_chunks(db, ids, reach))

    async def unit_vectors(self, ids: Sequence[int], model: str) -> dict[int, bytes]:
        return await self._database.read(lambda db: _unit_vectors(db, ids, model))

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


def _section_chunks(db: Connection, ids: Sequence[int], reach: int) -> dict[int, list[StoredChunk]]:
    marks = ",".join("?" * len(ids))
    rows = db.execute(
        f"""SELECT one.id AS near, {_CHUNK_COLUMNS} FROM chunks one
            JOIN chunks c ON c.document_id = one.document_id AND c.section = one.section
                AND c.position BETWEEN one.position - ? AND one.position + ?
            JOIN documents d ON d.id = c.document_id
            WHERE one.id IN ({marks}) ORDER BY c.position""",
        (reach, reach, *ids),
    )
    found: dict[int, list[StoredChunk]] = {}
    for row in rows:
        chunk = dict(row)
        found.setdefault(chunk.pop("near"), []).append(_stored_chunk(chunk))
    return found


def _unit_vectors(db: Connection, ids: Sequence[int], model: str) -> dict[int, bytes]:
    if get_fact(db, SERVING_MODEL) not in (None, model):
        return {}
    marks = ",".join("?" * len(ids))
    rows = db.execute(
        f"SELECT id, unit_vectors FROM chunks WHERE id IN ({marks}) AND unit_vectors IS NOT NULL", tuple(ids)
    )
    return dict(rows.fetchall())


def _find_chunks(
    db: Connection,
    asked: LexicalQuery,
    places: Sequence[DocumentPlace],
    near: Collection[int],
    limit: int,
) -> FoundChunks:
    reader = Fts5Reader(db)
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
    return {row["id"]: _stored_chunk(dict(row)) for row in rows}


def _stored_chunk(row: dict[str, Any]) -> StoredChunk:
    # Documents stored by an earlier release may have headings of any length.
    return StoredChunk(**row | {"title": shortened(row["title"]), "section": shortened_path(row["section"])})
