"""A document that is replaced while somebody searches is found all the same, in its old words or its new ones."""

import asyncio
from collections.abc import Sequence

import pytest

from knowledge.embedding.embedder import Vector
from knowledge.library import Library
from knowledge.retrieval.search import Searcher
from knowledge.storage.documents import DocumentKey, DocumentPlace

KEY = DocumentKey("garage", "test", "parking.md", "ada")
QUESTION = "What does parking cost?"
_REPLACEMENTS = 25


def parking(number: int) -> bytes:
    return f"# Parking\n\nParking costs {number} EUR an hour.\n\n## Bikes\n\nBikes cost nothing.\n".encode()


@pytest.mark.parametrize("question", [QUESTION, "How expensive is it to leave my car?"])
async def test_a_document_replaced_after_the_index_has_answered_is_looked_for_again(
    library: Library, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    await library.put(KEY, parking(1))
    nearest = library.index.nearest

    async def then_replace(
        groups: Sequence[Sequence[DocumentPlace]], vector: Vector, limit: int
    ) -> list[list[tuple[int, float]]]:
        found = await nearest(groups, vector, limit)
        monkeypatch.setattr(library.index, "nearest", nearest)
        await library.put(KEY, parking(2))
        return found

    monkeypatch.setattr(library.index, "nearest", then_replace)
    found = await Searcher(library).search(question, "garage", owner="ada")
    assert [passage.chunk.version for passage in found.passages] == [2, 2]
    assert "2 EUR" in found.passages[0].chunk.text


async def test_strangers_are_answered_while_a_document_is_replaced_again_and_again(library: Library) -> None:
    shared = DocumentKey("garage", "test", "parking.md")
    await library.put(shared, parking(0))
    searcher = Searcher(library)

    async def replace() -> None:
        for number in range(1, _REPLACEMENTS + 1):
            await library.put(shared, parking(number))

    async def ask(user: str) -> int:
        answers = 0
        while not replacing.done():
            found = await searcher.search(QUESTION, "garage", owner=user)
            assert any("EUR an hour" in passage.chunk.text for passage in found.passages)
            answers += 1
            # What was found is held, so the next search of the same need not wait for anything.
            await asyncio.sleep(0)
        return answers

    replacing = asyncio.create_task(replace())
    answers = await asyncio.gather(*(ask(user) for user in ("bo", "cy", "di")))
    await replacing
    assert min(answers) > 0
    newest = await searcher.search(QUESTION, "garage")
    assert f"{_REPLACEMENTS} EUR" in newest.passages[0].chunk.text
