"""The read-only check of a stopped server's documents: SQL itself, and each index against what SQL holds."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from knowledge.embedding.embedder import Vector
from knowledge.errors import DataDirectoryUnusable
from knowledge.index.chroma import ChromaIndex
from knowledge.index.vector_index import VectorIndex
from knowledge.storage.documents import DocumentPlace
from knowledge.storage.maintenance import CheckedStore
from knowledge.storage.stores import DATABASE_FILE, open_stores

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
    if not (data_dir / DATABASE_FILE).exists():
        raise DataDirectoryUnusable(f"{data_dir} holds no documents: there is no {DATABASE_FILE}")
    async with open_stores(data_dir) as stores:
        return await _check(stores.checked, ChromaIndex(data_dir / "chroma"))


async def _check(store: CheckedStore, index: VectorIndex) -> IndexHealth:
    held = await store.check_rows()
    health = IndexHealth(held.documents, held.chunks, held.pending, list(held.problems))
    stored = await store.chunk_ids()
    health.problems += await store.check_words()
    for owned in (False, True):
        ids = {chunk_id for place, some in stored.items() if bool(place.owner) == owned for chunk_id in some}
        health.problems += _differences("words index", ids, await store.indexed_chunk_ids(owned=owned))
    try:
        if await index.open_as_it_is():
            health.problems += [line async for line in _check_vectors(store, stored, index)]
        elif health.chunks:
            health.problems.append("the vector index cannot be opened")
    finally:
        await index.close()
    return health


async def _check_vectors(
    store: CheckedStore, stored: Mapping[DocumentPlace, set[int]], index: VectorIndex
) -> AsyncIterator[str]:
    """Yield the differences between the vector index and SQL, except for changes not applied yet."""
    waiting = await store.changed_chunk_ids()
    for place in sorted(stored.keys() | (await index.counts()).keys()):
        name = f"vector index of {place.folder}{f' ({place.owner})' if place.owner else ''}"
        ids, held = stored.get(place, set()), await index.ids(place)
        for line in _differences(name, ids - waiting, held - waiting):
            yield line
        unlike = 0
        common = sorted(ids & held - waiting)
        for start in range(0, len(common), _COMPARED_AT_ONCE):
            some = common[start : start + _COMPARED_AT_ONCE]
            vectors, blobs = await index.vectors(place, some), await store.embeddings(some)
            unlike += sum(_is_unlike(vectors[chunk_id], blobs[chunk_id]) for chunk_id in some)
        if unlike:
            yield f"{name}: {_chunks(unlike)} with another vector than knowledge.db has"


def _differences(name: str, stored: set[int], indexed: set[int]) -> Iterator[str]:
    if missing := len(stored - indexed):
        yield f"{name}: {_chunks(missing)} missing"
    if orphans := len(indexed - stored):
        yield f"{name}: {_chunks(orphans)} that knowledge.db does not hold"


def _is_unlike(vector: Vector, blob: bytes) -> bool:
    if len(blob) != vector.nbytes:
        return True
    return float(np.abs(np.frombuffer(blob, dtype=np.float32) - vector).max()) > _ROUNDED


def _chunks(count: int) -> str:
    return "1 chunk" if count == 1 else f"{count:,} chunks"
