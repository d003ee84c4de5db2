"""Retrieval strategies: passages per question, whole documents, or passages kept through a conversation."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from knowledge.embedding.embedder import Embedder
from knowledge.index.lexical import LexicalQuery
from knowledge.index.vocabulary import NOTHING
from knowledge.library import Library
from knowledge.retrieval.confidence import AnswerSignals, confidence
from knowledge.retrieval.search import FolderFindings, Passage, Searcher
from knowledge.retrieval.sections import sections_around
from knowledge.retrieval.selection import (
    distinct_passages,
    diverse_passages,
    fitting_passages,
    joined_chunks,
    with_kept_chunks,
)
from knowledge.retrieval.token_budget import BOUNDLESS, TokenBudget
from knowledge.retrieval.units import ScoredUnit, score_units
from knowledge.storage.documents import StoredChunk, WholeDocument
from knowledge.text import words

Strategy = Literal["rag", "cag", "hybrid"]

# Beyond this size, whole documents cost more time and money than they gain over passages.
WHOLE_CHARS = 240_000
_UNRANKED = 1_000_000


@dataclass(frozen=True)
class Excerpt:
    """A numbered piece of evidence, a passage or a whole document, which citations refer to by number.

    `score` is its cosine similarity to the question, `rank` its rank in the search results, `page` the page on which it
    begins in a document that has pages."""

    number: int
    document_id: str
    uri: str
    title: str
    section: str
    version: int
    text: str
    score: float
    rank: int
    page: int | None = None
    whole: bool = False


@dataclass(frozen=True)
class Evidence:
    """The evidence an agent may answer from. `excerpts` are in prompt order, `passages` best first for this question.

    `units` are those of the passages, the best answer first, `sections` the text around each passage, and `asked` the
    words of the question. `told` says in words how much was gathered, how much of it is new, and why not more."""

    strategy: Strategy
    excerpts: tuple[Excerpt, ...]
    passages: tuple[tuple[int, Passage], ...]
    confidence: float
    told: str
    kept: tuple[int, ...] = ()
    units: tuple[ScoredUnit, ...] = ()
    sections: tuple[str, ...] = ()
    asked: LexicalQuery | None = None

    @property
    def by_relevance(self) -> list[Excerpt]:
        """The excerpts that search ranked for the question, best first."""
        return sorted((e for e in self.excerpts if e.rank != _UNRANKED), key=lambda excerpt: excerpt.rank)

    def numbered_from(self, first: int) -> "Evidence":
        """Renumber the evidence for an answer to which several agents contribute."""
        return self.renumbered({excerpt.number: excerpt.number + first - 1 for excerpt in self.excerpts})

    def renumbered(self, numbers: Mapping[int, int]) -> "Evidence":
        """Give each excerpt another number."""
        return replace(
            self,
            excerpts=tuple(replace(excerpt, number=numbers[excerpt.number]) for excerpt in self.excerpts),
            passages=tuple((numbers[number], passage) for number, passage in self.passages),
        )


class EvidenceGatherer:
    """The retrieval strategies over one library."""

    def __init__(self, library: Library, searcher: Searcher, whole_chars: int = WHOLE_CHARS) -> None:
        self._library = library
        self._searcher = searcher
        self._whole_chars = whole_chars

    @property
    def embedder(self) -> Embedder:
        """The embedder of the library's documents."""
        return self._library.embedder

    async def word_test(self, owner: str = "") -> Callable[[str], bool]:
        """Return a test of whether the documents that a user may see hold a word, maybe misspelt."""
        shared = await self._library.vocabularies.shared()
        own = await self._library.vocabularies.own(owner) if owner else NOTHING

        def is_known(word: str) -> bool:
            stem = words.stem(word)
            return any(known.frequency(stem) or known.nearest(stem) for known in (shared, own))

        return is_known

    async def gather(
        self,
        strategy: Strategy,
        folder: str,
        question: str,
        *,
        owner: str = "",
        context: str = "",
        kept: Sequence[int] = (),
        room: TokenBudget = BOUNDLESS,
    ) -> Evidence:
        """Gather evidence on a user's question from the shared documents and their own.

        `context` is text added by the conversation, `kept` the chunks it holds, `room` the reader's token budget."""
        findings = await self._searcher.search(question, folder, owner=owner, context=context)
        evidence = await self._select(strategy, folder, findings, owner, kept, room)
        return await self._with_units(f"{context} {question}".strip(), findings, evidence)

    async def _with_units(self, question: str, findings: FolderFindings, evidence: Evidence) -> Evidence:
        store = self._library.stores.passages
        passages = [passage for _, passage in evidence.passages]
        units, sections = await asyncio.gather(
            score_units(question, findings.asked, passages, store, self._library.embedder),
            sections_around([passage.chunk for passage in passages], store),
        )
        places = [(passage.chunk.document_id, passage.chunk.section) for passage in passages]
        best = _titled(passages[units[0].passage].chunk, sections[units[0].passage]) if units else ""
        signals = AnswerSignals.of(findings.signals, units, places, findings.asked, best)
        return replace(
            evidence,
            confidence=confidence(signals),
            units=tuple(units),
            sections=tuple(sections),
            asked=findings.asked,
        )

    async def _select(
        self,
        strategy: Strategy,
        folder: str,
        findings: FolderFindings,
        owner: str,
        kept: Sequence[int],
        room: TokenBudget,
    ) -> Evidence:
        outgrown = ""
        if strategy == "cag":
            documents = await self._library.stores.documents.whole_documents(folder, owner)
            whole = _whole(documents, findings)
            if not (outgrown := self._outgrown(whole, room)):
                return whole
        found = diverse_passages(distinct_passages(findings.passages))
        chosen = fitting_passages(found, room)
        dropped = f"; {len(found) - len(chosen)} more do not fit {room.limit}" if len(chosen) < len(found) else ""
        if strategy == "hybrid":
            held = await self._library.stores.passages.chunks_by_id(list(kept), owner)
            # The agent's folder may have changed meanwhile.
            still = [held[chunk_id] for chunk_id in kept if chunk_id in held and held[chunk_id].folder == folder]
            chunks = with_kept_chunks(still, chosen, room)
            new = len({chunk.id for chunk in chunks}.difference(chunk.id for chunk in still))
            told = f"{len(chunks)} passages, {new} of them new to the conversation{dropped}"
            return _retrieved("hybrid", [[chunk] for chunk in chunks], chosen, findings, told)
        documents_count = len({passage.chunk.document_id for passage in chosen})
        told = f"{len(chosen)} passages of {documents_count} documents{outgrown}{dropped}"
        return _retrieved("rag", joined_chunks([passage.chunk for passage in chosen]), chosen, findings, told)

    def _outgrown(self, whole: Evidence, room: TokenBudget) -> str:
        """Return the reason why documents cannot be read whole, or an empty string."""
        chars = sum(len(excerpt.text) for excerpt in whole.excerpts)
        documents = f", because {len(whole.excerpts)} documents of {chars:,} characters"
        if chars > self._whole_chars:
            return f"{documents} are more than the {self._whole_chars:,} that are read whole"
        return "" if room.holds(whole.excerpts) else f"{documents} do not fit {room.limit}"


def _titled(chunk: StoredChunk, section: str) -> str:
    return f"{chunk.title}\n{chunk.section}\n{section}"


def _retrieved(
    strategy: Strategy,
    runs: Sequence[Sequence[StoredChunk]],
    chosen: Sequence[Passage],
    findings: FolderFindings,
    told: str,
) -> Evidence:
    best_first = [*chosen, *(passage for passage in findings.passages if passage not in chosen)]
    found = {passage.chunk.id: (rank, passage) for rank, passage in enumerate(best_first)}
    excerpts = []
    numbers: dict[int, int] = {}
    for number, run in enumerate(runs, start=1):
        rank, passage = min((found.get(chunk.id, (_UNRANKED, None)) for chunk in run), key=lambda pair: pair[0])
        first = run[0]
        excerpts.append(
            Excerpt(
                number=number,
                document_id=first.document_id,
                uri=f"{first.folder}/{first.path}",
                title=first.title,
                section=first.section,
                version=first.version,
                text="\n\n".join(chunk.text for chunk in run),
                score=passage.cosine if passage else 0.0,
                rank=rank,
                page=first.page,
            )
        )
        numbers |= {chunk.id: number for chunk in run}
    return Evidence(
        strategy=strategy,
        excerpts=tuple(excerpts),
        passages=tuple((numbers[passage.chunk.id], passage) for passage in chosen),
        confidence=0.0,
        told=told,
        kept=tuple(chunk.id for run in runs for chunk in run) if strategy == "hybrid" else (),
    )


def _whole(documents: Sequence[WholeDocument], findings: FolderFindings) -> Evidence:
    numbers = {document.info.id: number for number, document in enumerate(documents, start=1)}
    best: dict[str, tuple[int, Passage]] = {}
    for rank, passage in enumerate(findings.passages):
        best.setdefault(passage.chunk.document_id, (rank, passage))
    excerpts = []
    for document in documents:
        found_rank, found = best.get(document.info.id, (_UNRANKED, None))
        excerpts.append(
            Excerpt(
                number=numbers[document.info.id],
                document_id=document.info.id,
                uri=f"{document.info.folder}/{document.info.path}",
                title=document.info.title,
                section="",
                version=document.info.version,
                text=document.markdown,
                score=found.cosine if found else 0.0,
                rank=found_rank,
                whole=True,
            )
        )
    passages = tuple((numbers[passage.chunk.document_id], passage) for passage in diverse_passages(findings.passages))
    chars = sum(len(document.markdown) for document in documents)
    told = f"{len(documents)} whole documents, {chars:,} characters"
    return Evidence("cag", tuple(excerpts), passages, 0.0, told)
