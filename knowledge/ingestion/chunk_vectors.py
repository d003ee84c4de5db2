"""The vectors of a document's chunks: the only place where the text of a chunk becomes its stored vectors."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from knowledge.embedding.embedder import Embedder
from knowledge.embedding.encoder import Vectors
from knowledge.embedding.quantized import quantize
from knowledge.ingestion.chunking import Chunk, as_embedded
from knowledge.ingestion.units import unit_texts


@dataclass(frozen=True)
class ChunkVectors:
    """The vector of each chunk, and the packed vectors of each chunk's units."""

    passages: Vectors
    units: tuple[bytes, ...]

    def part(self, start: int, end: int) -> "ChunkVectors":
        """Return the vectors of some of the chunks."""
        return ChunkVectors(self.passages[start:end], self.units[start:end])


async def embed_chunks(titled: Sequence[tuple[str, Chunk]], embedder: Embedder, owner: str = "") -> ChunkVectors:
    """Embed chunks, each given with the title of its document, and their units."""
    units = await asyncio.to_thread(_units_of, titled)
    texts = [as_embedded(title, chunk) for title, chunk in titled]
    vectors = await embedder.embed_documents([*texts, *(text for found in units for text in found)], owner)
    ends = accumulate(map(len, units), initial=len(texts))
    return ChunkVectors(vectors[: len(texts)], tuple(quantize(vectors[start:end]) for start, end in pairwise(ends)))


def _units_of(titled: Sequence[tuple[str, Chunk]]) -> list[list[str]]:
    return [unit_texts(title, chunk.section, chunk.text) for title, chunk in titled]
