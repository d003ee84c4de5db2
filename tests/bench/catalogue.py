"""A large catalogue made of the samples' sentences and of invented words, with vectors near those of real passages.

Words are as common as in real text (Zipf), so that lexical search has as much to read; nothing is embedded but the
samples themselves, because 100,000 passages would take half an hour.
"""

import random
from collections.abc import Iterator

import numpy as np

from knowledge import loaders
from knowledge.embedding.embedder import Vectors
from knowledge.embedding.quantized import quantize
from knowledge.ingestion import chunking
from knowledge.ingestion.chunk_vectors import ChunkVectors
from knowledge.ingestion.chunking import Chunk
from knowledge.library import Library
from knowledge.loaders import LoadedText
from knowledge.storage.document_store import NewDocument
from knowledge.storage.documents import DocumentKey
from tests.serving import ROOT

SAMPLES = ROOT / "knowledge" / "samples"
FOLDERS = ("technical", "billing", "compliance", "general")
CHUNKS_A_DOCUMENT = 20
INVENTED_WORDS = 60_000
_WORDS_A_CHUNK = 60
_NOISE = 0.6
_SEED = 11


async def fill(library: Library, passages: int) -> None:
    """Put so many passages into the library's SQL and index, evenly over the folders."""
    sentences, base = await _base(library)
    chance, dice = random.Random(_SEED), np.random.default_rng(_SEED)
    for number in range(passages // CHUNKS_A_DOCUMENT):
        key = DocumentKey(FOLDERS[number % len(FOLDERS)], "catalogue", f"{number:06}.md")
        text = LoadedText(f"Manual {number}", "generated")
        pieces = list(_pieces(sentences, chance, dice))
        drawn = _vectors(base, dice)
        packed = tuple(quantize(drawn[place : place + 1]) for place in range(len(pieces)))
        vectors = ChunkVectors(library.embedder.model, drawn, packed)
        await library.stores.documents.put_document(NewDocument(key, text, "generated", pieces, vectors))
    await library.catch_up()


async def _base(library: Library) -> tuple[list[str], Vectors]:
    texts = []
    for file in sorted(SAMPLES.rglob("*.md")):
        texts += [piece.text for piece in chunking.split_document(loaders.load(file.read_bytes(), file.name))]
    return [
        line for text in texts for line in text.splitlines() if line.strip()
    ], await library.embedder.embed_documents(texts)


def _pieces(sentences: list[str], chance: random.Random, dice: np.random.Generator) -> Iterator[Chunk]:
    for position in range(CHUNKS_A_DOCUMENT):
        words = [word_of(int(rank)) for rank in dice.zipf(1.3, _WORDS_A_CHUNK)]
        text = f"{chance.choice(sentences)} {' '.join(words)} {chance.choice(sentences)}"
        yield Chunk(position, f"Section {position}", text)


def word_of(rank: int) -> str:
    """An invented word; the lower its rank, the more common it is."""
    number, letters = rank % INVENTED_WORDS + 700, ""
    while number:
        number, digit = divmod(number, 20)
        letters += "bcdfghjklmnprstvwxyz"[digit] + "aeiou"[digit % 5]
    return letters


def _vectors(base: Vectors, dice: np.random.Generator) -> Vectors:
    near = base[dice.integers(0, len(base), CHUNKS_A_DOCUMENT)]
    noisy = near + dice.normal(0, _NOISE / np.sqrt(near.shape[1]), near.shape)
    return np.asarray(noisy / np.linalg.norm(noisy, axis=1, keepdims=True), dtype=np.float32)
