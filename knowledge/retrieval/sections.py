"""The section that a passage is a part of: a long section is split into several chunks, and a long table too."""

from collections.abc import Sequence

from knowledge.storage.documents import StoredChunk
from knowledge.storage.passages import PassageStore

# A document without headings is one section; nobody reads all of it as an answer.
_REACH = 3


async def sections_around(chunks: Sequence[StoredChunk], store: PassageStore) -> list[str]:
    """Return for each chunk the text of its section, as far as it reaches beside the chunk."""
    beside = await store.section_chunks([chunk.id for chunk in chunks], _REACH)
    return [_joined_text(chunk, beside.get(chunk.id, [])) for chunk in chunks]


def _joined_text(chunk: StoredChunk, beside: Sequence[StoredChunk]) -> str:
    """Join the chunks that follow each other without a gap, and the pieces of a table that was split."""
    run = {one.position: one.text for one in beside} | {chunk.position: chunk.text}
    first = last = chunk.position
    while first - 1 in run:
        first -= 1
    while last + 1 in run:
        last += 1
    text = run[first]
    for position in range(first + 1, last + 1):
        text = _with_next(text, run[position])
    return text


def _with_next(text: str, following: str) -> str:
    header = "\n".join(following.split("\n", 2)[:2])
    is_rest_of_table = following.startswith("|") and f"\n\n{text}".rpartition("\n\n")[2].startswith(header)
    return f"{text}\n{following[len(header) + 1 :]}" if is_rest_of_table else f"{text}\n\n{following}"
