"""The read-only check of a stopped server's documents: SQL itself, and each index against what SQL holds."""

import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from knowledge.embedding.embedder import Vector
from knowledge.errors import DataDirectoryUnusable
from knowledge.index.chroma import VectorIndex
from knowledge.storage import documents as store
from knowledge.storage import migrations
from knowledge.storage.database import Database
from knowledge.storage.directory_lock import DirectoryLock
from knowledge.storage.migrations import DocumentPlace
from knowledge.storage.sqlite import SqliteDatabase

_COMPARED_AT_ONCE = 1_000
# The rounding error that an index may have introduced.
_ROUNDED = 1e-3


@dataclass
class IndexHealth:
    """The counts of a check, and the problems it found, one line each."""

    documents: int = 0
    chunks: int = 0
    pending: int = 0
    problems: list[str] = field(default_factory=list)


async def check(data_dir: Path) -> IndexHealth:
    """Check SQL and the indexes; raise `DataDirectoryInUse` if a server owns the directory."""
    file = data_dir / "knowledge.db"
    if not file.exists():
        raise DataDirectoryUnusable(f"{data_dir} holds no documents: there is no {file.name}")
    ownership = DirectoryLock(data_dir)
    try:
        database = SqliteDatabase(file, migrations.MIGRATIONS, migrations.REMEDY)
        try:
            return await _check(database, data_dir / "chroma")
        finally:
            await database.close()
    finally:
        ownership.release()


async def _check(database: Database, chroma: Path) -> IndexHealth:
    health = await database.read(_check_sql)
    # FTS5 checks its index by an INSERT statement, which needs the writer.
    health.problems += await database.write(_check_words)
    index = VectorIndex(chroma)
    try:
        if await index.open_as_it_is():
            health.problems += [line async for line in _check_vectors(database, index)]
        elif health.chunks:
            health.problems.append("the vector index cannot be opened")
    finally:
        await index.close()
    return health


def _check_sql(db: sqlite3.Connection) -> IndexHealth:
    health = IndexHealth(_count(db, "documents"), _count(db, "chunks"), _count(db, "vector_changes"))
    told = [row[0] for row in db.execute("PRAGMA integrity_check(20)")]
    health.problems += [f"knowledge.db: {line}" for line in told if line != "ok"]
    for kind, question in {
        "without a document": "SELECT count(*) FROM chunks WHERE document_id NOT IN (SELECT id FROM documents)",
        "whose vector has not the length of the others": """SELECT count(*) FROM chunks WHERE length(embedding) !=
            (SELECT length(embedding) FROM chunks GROUP BY 1 ORDER BY count(*) DESC LIMIT 1)""",
    }.items():
        if count := db.execute(question).fetchone()[0]:
            health.problems.append(f"knowledge.db: {_chunks(count)} {kind}")
    if empty := db.execute(
        "SELECT count(*) FROM documents WHERE id NOT IN (SELECT document_id FROM chunks)"
    ).fetchone()[0]:
        health.problems.append(f"knowledge.db: {empty} documents without a chunk")
    return health


def _check_words(db: sqlite3.Connection) -> list[str]:
    problems = []
    for owned, table in ((False, "chunk_words"), (True, "own_words")):
        try:
            db.execute(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")
        except sqlite3.DatabaseError as error:
            problems.append(f"words index: {table} is damaged ({error})")
        stored = {
            row["id"]
            for row in db.execute(
                "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id WHERE (d.owner != '') = ?", (owned,)
            )
        }
        indexed = {row["rowid"] for row in db.execute(f"SELECT rowid FROM {table}")}
        problems += _differences("words index", stored, indexed)
    return problems


async def _check_vectors(database: Database, index: VectorIndex) -> AsyncIterator[str]:
    """Yield the differences between the vector index and SQL, except for changes not applied yet."""
    stored = await database.read(_ids_by_place)
    waiting = await database.read(lambda db: {row[0] for row in db.execute("SELECT chunk_id FROM vector_changes")})
    for place in sorted(stored.keys() | (await index.counts()).keys()):
        name = f"vector index of {place.folder}{f' ({place.owner})' if place.owner else ''}"
        held = await index.ids(place)
        for line in _differences(name, stored[place] - waiting, held - waiting):
            yield line
        unlike = 0
        common = sorted(stored[place] & held - waiting)
        for start in range(0, len(common), _COMPARED_AT_ONCE):
            ids = common[start : start + _COMPARED_AT_ONCE]
            vectors = await index.vectors(place, ids)
            blobs = await database.read(partial(store.embeddings_of_chunks, ids=ids))
            unlike += sum(_is_unlike(vectors[chunk_id], blobs[chunk_id]) for chunk_id in ids)
        if unlike:
            yield f"{name}: {_chunks(unlike)} with another vector than knowledge.db has"


def _ids_by_place(db: sqlite3.Connection) -> Mapping[DocumentPlace, set[int]]:
    ids: dict[DocumentPlace, set[int]] = defaultdict(set)
    for folder, owner, chunk_id in db.execute(
        "SELECT d.folder, d.owner, c.id FROM chunks c JOIN documents d ON d.id = c.document_id"
    ):
        ids[DocumentPlace(folder, owner)].add(chunk_id)
    return ids


def _differences(name: str, stored: set[int], indexed: set[int]) -> Iterator[str]:
    if missing := len(stored - indexed):
        yield f"{name}: {_chunks(missing)} missing"
    if orphans := len(indexed - stored):
        yield f"{name}: {_chunks(orphans)} that knowledge.db does not hold"


def _is_unlike(vector: Vector, blob: bytes) -> bool:
    if len(blob) != vector.nbytes:
        return True
    return float(np.abs(np.frombuffer(blob, dtype=np.float32) - vector).max()) > _ROUNDED


def _count(db: sqlite3.Connection, table: str) -> int:
    return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _chunks(count: int) -> str:
    return "1 chunk" if count == 1 else f"{count:,} chunks"
