"""What an agent reads before it answers: passages per question, whole documents, or passages kept through a session."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from knowledge import store
from knowledge.confidence import confidence
from knowledge.embeddings import Embedder
from knowledge.library import Library
from knowledge.search import Findings, Passage, Searcher
from knowledge.store import StoredChunk

Strategy = Literal["rag", "cag", "hybrid"]

PASSAGES = 7
DOCUMENTS = 4
KEPT_PASSAGES = 16
# Whole documents beyond this leave no room for the conversation in the smallest model windows; then passages must do.
MAX_WHOLE_CHARS = 240_000
_UNRANKED = 1_000_000


@dataclass(frozen=True)
class Excerpt:
    """A numbered piece of evidence: a passage, or a whole document. Citations carry its number.

    `score` is its cosine similarity to the question, `rank` its place among what was found."""

    number: int
    document_id: str
    uri: str
    title: str
    section: str
    version: int
    text: str
    score: float
    rank: int


@dataclass(frozen=True)
class Evidence:
    """What an agent may answer from. `excerpts` are in prompt order, `passages` best first for this question."""

    strategy: Strategy
    excerpts: tuple[Excerpt, ...]
    passages: tuple[tuple[int, Passage], ...]
    confidence: float
    kept: tuple[int, ...] = ()

    @property
    def by_relevance(self) -> list[Excerpt]:
        """What has to do with the question, best first."""
        return sorted((e for e in self.excerpts if e.rank != _UNRANKED), key=lambda excerpt: excerpt.rank)

    def numbered_from(self, first: int) -> "Evidence":
        """The same evidence with other numbers, for an answer to which several agents contribute."""
        shift = first - 1
        return replace(
            self,
            excerpts=tuple(replace(excerpt, number=excerpt.number + shift) for excerpt in self.excerpts),
            passages=tuple((number + shift, passage) for number, passage in self.passages),
        )


class Strategies:
    """Gathers evidence from one library."""

    def __init__(self, library: Library, searcher: Searcher) -> None:
        self._library = library
        self._searcher = searcher

    @property
    def embedder(self) -> Embedder:
        """What the library's documents are embedded with."""
        return self._library.embedder

    async def gather(
        self,
        strategy: Strategy,
        folder: str,
        question: str,
        *,
        owner: str = "",
        context: str = "",
        kept: Sequence[int] = (),
    ) -> Evidence:
        """Evidence on a question of a user's, from everybody's documents and their own.

        `context` is what the conversation adds, `kept` what the session holds."""
        findings = await self._searcher.search(question, folder, owner=owner, context=context)
        if strategy == "cag":
            documents = await self._library.read(lambda db: store.whole_documents(db, folder, owner))
            if sum(len(document.markdown) for document in documents) <= MAX_WHOLE_CHARS:
                return _whole(documents, findings)
        chosen = _diverse(findings.passages)
        if strategy == "hybrid":
            held = await self._library.read(lambda db: store.chunks_by_id(db, list(kept), owner))
            # An agent may have been given another folder meanwhile.
            still = [held[chunk_id] for chunk_id in kept if chunk_id in held and held[chunk_id].folder == folder]
            return _retrieved("hybrid", _with_kept(still, chosen), chosen, findings)
        return _retrieved("rag", [passage.chunk for passage in chosen], chosen, findings)


def _diverse(passages: Sequence[Passage]) -> list[Passage]:
    """The best passage of each of the best documents, then what else the best ones hold."""
    firsts: dict[str, Passage] = {}
    seconds: list[Passage] = []
    for passage in passages:
        document = passage.chunk.document_id
        if document not in firsts:
            firsts[document] = passage
        else:
            seconds.append(passage)
    chosen = list(firsts.values())[:DOCUMENTS]
    leading = {passage.chunk.document_id for passage in chosen}
    return chosen + [passage for passage in seconds if passage.chunk.document_id in leading][: PASSAGES - len(chosen)]


def _with_kept(kept: Sequence[StoredChunk], chosen: Sequence[Passage]) -> list[StoredChunk]:
    """What the session holds comes first and in its old order, so that a prompt made of it keeps its prefix.

    Where it grows too long, the oldest that this question does not need goes."""
    needed = {passage.chunk.id: passage.chunk for passage in chosen}
    chunks = {chunk.id: chunk for chunk in kept} | needed
    surplus = [chunk_id for chunk_id in chunks if chunk_id not in needed][: max(0, len(chunks) - KEPT_PASSAGES)]
    return [chunk for chunk_id, chunk in chunks.items() if chunk_id not in surplus]


def _retrieved(
    strategy: Strategy, chunks: Sequence[StoredChunk], chosen: Sequence[Passage], findings: Findings
) -> Evidence:
    best_first = [*chosen, *(passage for passage in findings.passages if passage not in chosen)]
    found = {passage.chunk.id: (rank, passage) for rank, passage in enumerate(best_first)}
    excerpts, numbers = [], {}
    for number, chunk in enumerate(chunks, start=1):
        rank, passage = found.get(chunk.id, (_UNRANKED, None))
        excerpts.append(
            Excerpt(
                number=number,
                document_id=chunk.document_id,
                uri=f"{chunk.folder}/{chunk.path}",
                title=chunk.title,
                section=chunk.section,
                version=chunk.version,
                text=chunk.text,
                score=passage.cosine if passage else 0.0,
                rank=rank,
            )
        )
        numbers[chunk.id] = number
    return Evidence(
        strategy=strategy,
        excerpts=tuple(excerpts),
        passages=tuple((numbers[passage.chunk.id], passage) for passage in chosen),
        confidence=confidence(findings.signals),
        kept=tuple(chunk.id for chunk in chunks) if strategy == "hybrid" else (),
    )


def _whole(documents: Sequence[store.WholeDocument], findings: Findings) -> Evidence:
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
            )
        )
    passages = tuple((numbers[passage.chunk.document_id], passage) for passage in _diverse(findings.passages))
    return Evidence("cag", tuple(excerpts), passages, confidence(findings.signals))
