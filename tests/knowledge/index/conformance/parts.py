"""The indexes that are tested, and vectors to put into them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from knowledge.embedding.embedder import Vector
from knowledge.index.chroma import ChromaIndex
from knowledge.index.vector_index import VectorIndex
from knowledge.storage.documents import DocumentPlace
from knowledge.storage.vector_changes import VectorChanges

# Each makes an index that keeps its files in a directory, and finds them there when it is made again.
INDEXES: dict[str, Callable[[Path], VectorIndex]] = {"chroma": ChromaIndex}
BILLING, TRAVEL = DocumentPlace("billing"), DocumentPlace("travel")
ADAS, BOS = DocumentPlace("billing", "ada"), DocumentPlace("billing", "bo")
_DIMENSIONS = 8


def vector_at(degrees: float) -> Vector:
    """A vector of unit length, so far from the one at no degrees."""
    vector = np.zeros(_DIMENSIONS, dtype=np.float32)
    vector[:2] = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return vector


def adding(place: DocumentPlace, chunks: Mapping[int, float]) -> VectorChanges:
    """Chunks at so many degrees."""
    return VectorChanges(added=[(place, chunk_id, vector_at(at).tobytes()) for chunk_id, at in chunks.items()])


def removing(place: DocumentPlace, *ids: int) -> VectorChanges:
    return VectorChanges(removed=[(place, chunk_id) for chunk_id in ids])


async def nearest_ids(index: VectorIndex, places: Sequence[DocumentPlace], limit: int = 10) -> list[int]:
    """The chunks nearest to the vector at no degrees, best first."""
    (found,) = await index.nearest([places], vector_at(0), limit)
    return [chunk_id for chunk_id, _ in found]
