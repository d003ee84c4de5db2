"""The selection of passages as evidence: distinct, of several documents, within a budget, beside those kept."""

from collections.abc import Sequence

from knowledge.retrieval.search import Passage
from knowledge.retrieval.token_budget import TokenBudget
from knowledge.storage.documents import StoredChunk

PASSAGES = 7
DOCUMENTS = 4
KEPT_PASSAGES = 16


def distinct_passages(passages: Sequence[Passage]) -> list[Passage]:
    """Drop passages whose text repeats a better one."""
    distinct = {" ".join(passage.chunk.text.lower().split()): passage for passage in reversed(passages)}
    return sorted(distinct.values(), key=passages.index)


def joined_chunks(chunks: Sequence[StoredChunk]) -> list[list[StoredChunk]]:
    """Join adjacent chunks of one section into runs, each at the rank of its best chunk."""
    runs: list[list[StoredChunk]] = []
    for chunk in sorted(chunks, key=lambda chunk: (chunk.document_id, chunk.position)):
        if runs and _continues(runs[-1][-1], chunk):
            runs[-1].append(chunk)
        else:
            runs.append([chunk])
    return sorted(runs, key=lambda run: min(map(chunks.index, run)))


def _continues(chunk: StoredChunk, following: StoredChunk) -> bool:
    same = (chunk.document_id, chunk.section) == (following.document_id, following.section)
    return same and following.position == chunk.position + 1


def diverse_passages(passages: Sequence[Passage]) -> list[Passage]:
    """Take the best passage of each of the best documents, then further passages of those."""
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


def fitting_passages(passages: Sequence[Passage], room: TokenBudget) -> list[Passage]:
    """Take the best passages that fit the budget, and always the first: without any there is no answer."""
    fitting = list(passages)
    while len(fitting) > 1 and not room.holds(passage.chunk for passage in fitting):
        fitting.pop()
    return fitting


def with_kept_chunks(kept: Sequence[StoredChunk], chosen: Sequence[Passage], room: TokenBudget) -> list[StoredChunk]:
    """Put the kept chunks first and in their old order, so that the prompt keeps its prefix for caching.

    If there are too many, drop the oldest that this question does not need."""
    needed = {passage.chunk.id: passage.chunk for passage in chosen}
    chunks = {chunk.id: chunk for chunk in kept} | needed
    for chunk_id in [chunk_id for chunk_id in chunks if chunk_id not in needed]:
        if len(chunks) <= KEPT_PASSAGES and room.holds(chunks.values()):
            break
        del chunks[chunk_id]
    return list(chunks.values())
