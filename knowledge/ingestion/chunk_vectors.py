"""The vectors of a document's chunks: the one place where their text becomes vectors, also when the model changes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from knowledge.embedding.embedder import Embedder
from knowledge.embedding.encoder import Encoder, Vectors
from knowledge.embedding.quantized import quantize
from knowledge.ingestion.chunking import Chunk, as_embedded
from knowledge.ingestion.units import unit_texts

_MOST_UNITS = 1_000


@dataclass(frozen=True)
class ChunkVectors:
    """The vector of each chunk, and the packed vectors of each chunk's units, all of one model.

    Chunks without packed vectors have units that are embedded when a question comes."""

    model: str
    passages: Vectors
    units: tuple[bytes | None, ...]

    def part(self, start: int, end: int) -> "ChunkVectors":
        """Return the vectors of some of the chunks."""
        return ChunkVectors(self.model, self.passages[start:end], self.units[start:end])


async def embed_chunks(
    titled: Sequence[tuple[str, Chunk]], embedder: Embedder, owner: str = "", encoder: Encoder | None = None
) -> ChunkVectors:
    """Embed chunks, each given with the title of its document, and their units, by the model that serves or another."""
    units = await asyncio.to_thread(_units_of, titled)
    texts = [as_embedded(title, chunk) for title, chunk in titled]
    # Read right before the call that embeds, which keeps to the model that it begins with.
    model = encoder.model if encoder else embedder.model
    vectors = await embedder.embed_documents(
        [*texts, *(text for found in units for text in found)], owner, encoder=encoder
    )
    ends = accumulate(map(len, units), initial=len(texts))
    packed = [quantize(vectors[start:end]) for start, end in pairwise(ends)]
    return ChunkVectors(model, vectors[: len(texts)], (*packed, *[None] * (len(texts) - len(packed))))


def _units_of(titled: Sequence[tuple[str, Chunk]]) -> list[list[str]]:
    """Return the units of the first chunks, as many as there may be: a long table has a unit in each row."""
    found: list[list[str]] = []
    count = 0
    for title, chunk in titled:
        if count > _MOST_UNITS:
            break
        found.append(unit_texts(title, chunk.section, chunk.text))
        count += len(found[-1])
    return found
