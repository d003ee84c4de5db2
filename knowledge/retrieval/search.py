"""Hybrid search of a folder, by embeddings and by words, with the signals that confidence is computed from.

A user is answered from the shared documents and from their own, as if both were in one folder; nothing here reads
documents that other users own.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from weakref import WeakValueDictionary

import numpy as np

from knowledge.embedding.embedder import Vector, Vectors
from knowledge.embedding.reranker import Reranker
from knowledge.index.lexical import LexicalQuery, WordStatistics
from knowledge.index.spelling import suspect_words
from knowledge.index.vocabulary import NOTHING
from knowledge.library import Library
from knowledge.retrieval.search_signals import SearchSignals
from knowledge.storage.documents import DocumentPlace, StoredChunk
from knowledge.storage.passages import FoundChunks
from knowledge.text import words as terms

CANDIDATES = 40
# The bonus on the cosine for matching every word of the question perfectly.
_WORDS_WEIGHT = 0.5
# The number of best passages that a reranker reads.
_RERANKED = 20


@dataclass(frozen=True)
class Passage:
    """A chunk that search found, with its cosine similarity, its BM25 score, and the fused score."""

    chunk: StoredChunk
    cosine: float
    lexical: float
    score: float


@dataclass(frozen=True)
class FolderCloseness:
    """A folder's nearest cosines, the share of the text's words that its best passage has, and its size in chunks."""

    cosines: Vectors
    words: float
    size: int


@dataclass(frozen=True, eq=False)
class FolderFindings:
    """The passages found for a question, best first, the signals that confidence is computed from, and its words."""

    passages: tuple[Passage, ...]
    signals: SearchSignals
    asked: LexicalQuery
    closeness: FolderCloseness


@dataclass(frozen=True)
class _SearchScope:
    """The state of the library that a search needs: places, sizes, and the word frequencies."""

    places: list[list[DocumentPlace]]
    sizes: list[int]
    words: WordStatistics


class Searcher:
    """A search engine over the folders of one library."""

    def __init__(self, library: Library, reranker: Reranker | None = None) -> None:
        self._library = library
        self._reranker = reranker
        # By text, folder, owner and generation of the library.
        self._held: WeakValueDictionary[tuple[str, str, str, int], FolderFindings] = WeakValueDictionary()

    async def sizes(self, owner: str = "") -> dict[str, int]:
        """Count the chunks that each folder holds for a user."""
        shared, own = await self._library.sizes(), await self._library.sizes(owner) if owner else {}
        return {folder: shared.get(folder, 0) + own.get(folder, 0) for folder in shared.keys() | own.keys()}

    async def closeness(self, text: str, folders: Sequence[str], *, owner: str = "") -> list[FolderCloseness]:
        """Measure how near a text is to each folder, without reading its passages.

        All folders are queried at once, because each call to another thread waits in its queue."""
        await self._library.level()
        known = await self._known(folders, owner)
        text = terms.replace_words(text, await self._correct(text, known.words))

        (_, _, near), words = await asyncio.gather(
            self._near(text, known),
            self._library.stores.passages.best_scores(text, known.words, known.places, CANDIDATES),
        )
        cosines = [np.asarray([cosine for _, cosine in found]) for found in near]
        return list(map(FolderCloseness, cosines, words, known.sizes))

    async def search(self, question: str, folder: str, *, owner: str = "", context: str = "") -> FolderFindings:
        """Run dense and lexical search and fuse their results. `context` is text added by the conversation."""
        text = f"{context} {question}".strip()
        (found,) = await self.search_folders(text, [folder], owner=owner)
        if self._reranker:
            passages = await _reranked(text, found.passages, self._reranker)
            return replace(found, passages=tuple(passages))
        return found

    async def search_folders(self, text: str, folders: Sequence[str], *, owner: str = "") -> list[FolderFindings]:
        """Search several folders at once, each as if it were the only one.

        What is found is kept for as long as the caller holds it, so that a later search of the same need not repeat it.
        """
        await self._library.level()
        generation = self._library.generation
        held = {folder: self._held.get((text, folder, owner, generation)) for folder in folders}
        missing = [folder for folder, findings in held.items() if findings is None]
        found = await self._search(text, missing, owner) if missing else []
        # The chunks of a document that was replaced meanwhile have new ids.
        if any(one.lacks_some for one in found) and await self._library.catch_up():
            generation = self._library.generation
            found = await self._search(text, missing, owner)
        for folder, one in zip(missing, found, strict=True):
            held[folder] = self._held[text, folder, owner, generation] = one.findings
        return [findings for folder in folders if (findings := held[folder])]

    async def _search(self, text: str, folders: Sequence[str], owner: str) -> "list[_SearchResult]":
        known = await self._known(folders, owner)
        corrections = await self._correct(text, known.words)
        text = terms.replace_words(text, corrections)
        while True:
            model, vector, near = await self._near(text, known)
            found = await self._library.stores.passages.find_chunks(
                text, known.words, known.places, [dict(ids) for ids in near], CANDIDATES
            )
            if all(one.model in (None, model) for one in found):
                break
            # The embedding model was changed between the two, and the vectors do not compare.
            await self._library.settled()
        cosines = [np.asarray([cosine for _, cosine in ids]) for ids in near]
        return [
            _scored(_with_corrections(one, corrections), vector, near_ones, size)
            for one, near_ones, size in zip(found, cosines, known.sizes, strict=True)
        ]

    async def _correct(self, text: str, known: WordStatistics) -> dict[str, str]:
        """Return the misspelt words of a text, each with the word that it stands for."""
        suspects = suspect_words(text, known.shared, known.own)
        misspelt = await self._library.embedder.unknown_words(suspects) if suspects else []
        return await self._library.stores.passages.corrections(misspelt, known) if misspelt else {}

    async def _known(self, folders: Sequence[str], owner: str) -> _SearchScope:
        sizes, words = await self._library.sizes(), await self._library.vocabularies.shared()
        own_sizes = await self._library.sizes(owner) if owner else {}
        return _SearchScope(
            places=[_places(folder, owner if folder in own_sizes else "") for folder in folders],
            sizes=[sizes.get(folder, 0) + own_sizes.get(folder, 0) for folder in folders],
            words=WordStatistics(
                shared=words,
                own=await self._library.vocabularies.own(owner) if own_sizes else NOTHING,
                total=sum(sizes.values()) + sum(own_sizes.values()),
            ),
        )

    async def _near(self, text: str, known: _SearchScope) -> tuple[str, Vector, list[list[tuple[int, float]]]]:
        """Return the model that embedded the text, its vector, and the nearest chunks in that model's index."""
        library = self._library
        while True:
            model, index = library.embedder.model, library.index
            vector = (await library.embedder.embed([text]))[0]
            if library.index is index:
                return model, vector, await index.nearest(known.places, vector, CANDIDATES)


def _places(folder: str, owner: str) -> list[DocumentPlace]:
    return [DocumentPlace(folder), DocumentPlace(folder, owner)] if owner else [DocumentPlace(folder)]


@dataclass(frozen=True)
class _SearchResult:
    """What was found in a folder, and whether some passages were removed before they could be read."""

    findings: FolderFindings
    lacks_some: bool


def _with_corrections(found: FoundChunks, corrections: Mapping[str, str]) -> FoundChunks:
    """Note how the words of the question as it was written were read."""
    read = {word: terms.stem(meant) for word, meant in corrections.items()}
    return replace(found, asked=replace(found.asked, readings=found.asked.readings | read)) if read else found


def _scored(found: FoundChunks, vector: Vector, cosines: Vectors, size: int) -> _SearchResult:
    asked = found.asked
    passages = []
    for one in found.chunks:
        cosine = float(np.frombuffer(one.vector, dtype=np.float32) @ vector)
        by_words = sum(one.words.values())
        passages.append(Passage(one.chunk, cosine, by_words, cosine + _WORDS_WEIGHT * by_words / asked.weight))
    unknown = asked.names & asked.unknown - asked.alternatives.keys()
    signals = SearchSignals.of(
        [passage.chunk.document_id for passage in passages],
        [passage.cosine for passage in passages],
        [passage.score for passage in passages],
        sum(asked.weights.get(name, 0.0) for name in unknown) / asked.weight,
    )
    best_words = max((passage.lexical for passage in passages), default=0.0) / asked.weight
    ranked = sorted(passages, key=lambda passage: -passage.score)
    findings = FolderFindings(tuple(ranked), signals, asked, FolderCloseness(cosines, best_words, size))
    return _SearchResult(findings, found.lacks_some)


async def _reranked(text: str, passages: Sequence[Passage], reranker: Reranker) -> list[Passage]:
    """Return the best passages in the reranker's order, then the rest."""
    best = passages[:_RERANKED]
    scores = await reranker.score_texts(text, [f"{passage.chunk.title}. {passage.chunk.text}" for passage in best])
    order = sorted(range(len(best)), key=lambda place: -scores[place])
    return [*(best[place] for place in order), *passages[_RERANKED:]]
