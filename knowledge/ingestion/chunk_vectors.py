"""The vectors that are stored of a chunk: the one place where its text becomes vectors, also when the model changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from knowledge.embedding.embedder import Embedder
from knowledge.embedding.encoder import Encoder, Vectors
from knowledge.ingestion.chunking import Chunk, as_embedded


@dataclass(frozen=True)
class ChunkVectors:
    """The vectors of some chunks, one each and in their order, all of one model."""

    model: str
    passages: Vectors

    def part(self, start: int, end: int) -> Self:
        """Return the vectors of some of the chunks."""
        return type(self)(self.model, self.passages[start:end])


async def embed_chunks(
    embedder: Embedder, chunks: Sequence[tuple[str, Chunk]], owner: str = "", encoder: Encoder | None = None
) -> ChunkVectors:
    """Embed chunks, each with the title of its document, by the model that serves or by another."""
    model = encoder.model if encoder else embedder.model
    texts = [as_embedded(title, chunk) for title, chunk in chunks]
    passages = await (
        embedder.embed_documents(texts, owner, encoder=encoder) if encoder else embedder.embed_documents(texts, owner)
    )
    return ChunkVectors(model, passages)
