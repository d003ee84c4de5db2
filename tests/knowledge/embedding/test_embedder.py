"""Who waits for vectors: documents take turns, whoever came first, and share batches that are full."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import numpy as np
import pytest

from knowledge.embedding import embedder as embeddings
from knowledge.embedding.embedder import Embedder
from knowledge.embedding.encoder import Encoder, Vectors

AT_ONCE = 4


class Gate:
    """An encoder whose batches end when they are let through; a vector is its text as a number."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.loaded_by: list[str] = []
        self.begun = threading.Semaphore(0)
        self.open = threading.Semaphore(0)

    def load(self) -> None:
        self.loaded_by.append(threading.current_thread().name)

    def encode_questions(self, texts: list[str]) -> Vectors:
        return np.array([[float(text)] for text in texts], dtype=np.float32)

    def encode_documents(self, texts: list[str]) -> Vectors:
        self.batches.append(texts)
        self.begun.release()
        assert self.open.acquire(timeout=30)
        return np.array([[float(text)] for text in texts], dtype=np.float32)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    monkeypatch.setattr(embeddings, "_AT_ONCE", AT_ONCE)
    monkeypatch.setattr(embeddings, "_DOCUMENT_THREADS", 1)
    return Gate()


@pytest.fixture
def embedder(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> Embedder:
    embedder = Embedder()
    monkeypatch.setattr(embedder, "_encoder", gate)
    return embedder


async def begin(embedder: Embedder, *numbers: int, owner: str = "") -> asyncio.Task[Vectors]:
    """Ask for the vectors of these numbers, and be in the queue."""
    task = asyncio.create_task(embedder.embed_documents([str(number) for number in numbers], owner))
    await asyncio.sleep(0)
    return task


async def test_a_note_does_not_wait_for_a_book(embedder: Embedder, gate: Gate) -> None:
    book = await begin(embedder, *range(40))
    assert await asyncio.to_thread(gate.begun.acquire, timeout=60)
    note = await begin(embedder, 100)
    letter = await begin(embedder, 200, 201)
    gate.open.release(2)
    assert (await asyncio.wait_for(note, 10)).tolist() == [[100.0]]
    assert not book.done()
    gate.open.release(20)
    assert (await book).tolist() == [[float(number)] for number in range(40)]
    assert (await letter).tolist() == [[200.0], [201.0]]
    # The book had the first batch to itself; in the next, each waiting one has its turn.
    assert gate.batches[1] == ["4", "100", "200", "5"]
    assert [len(batch) for batch in gate.batches] == [AT_ONCE] * 10 + [3]
    embedder.close()


async def test_a_user_with_many_documents_gets_no_more_turns_than_one_with_a_single_note(
    embedder: Embedder, gate: Gate
) -> None:
    books = [await begin(embedder, *range(100 * book, 100 * book + 40), owner="ann") for book in range(6)]
    assert await asyncio.to_thread(gate.begun.acquire, timeout=60)
    note = await begin(embedder, 7_000, 7_001, owner="ben")
    letter = await begin(embedder, 8_000, owner="")
    # The batch that was under way, and two more.
    gate.open.release(3)
    assert (await asyncio.wait_for(letter, 30)).tolist() == [[8_000.0]]
    assert (await asyncio.wait_for(note, 30)).tolist() == [[7_000.0], [7_001.0]]
    assert [sum(int(text) >= 7_000 for text in batch) for batch in gate.batches[:3]] == [0, 2, 1]
    assert not any(book.done() for book in books)
    for book in books:
        book.cancel()
    gate.open.release(100)
    await asyncio.gather(*books, return_exceptions=True)
    embedder.close()


async def test_what_nobody_waits_for_any_more_is_not_embedded(embedder: Embedder, gate: Gate) -> None:
    first = await begin(embedder, *range(AT_ONCE))
    assert await asyncio.to_thread(gate.begun.acquire, timeout=60)
    given_up, last = await begin(embedder, *range(10, 30)), await begin(embedder, 40)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    gate.open.release(2)
    assert (await last).tolist() == [[40.0]]
    await first
    assert gate.batches == [["0", "1", "2", "3"], ["40"]]
    embedder.close()


async def test_those_who_wait_hear_that_it_closes(embedder: Embedder, gate: Gate) -> None:
    begun = await begin(embedder, *range(AT_ONCE))
    assert await asyncio.to_thread(gate.begun.acquire, timeout=60)
    waiting = [await begin(embedder, 10, 11), await begin(embedder, 20)]
    gate.open.release()
    embedder.close()
    assert all(
        isinstance(end, asyncio.CancelledError) for end in await asyncio.gather(*waiting, return_exceptions=True)
    )
    assert len(await begun) == AT_ONCE


async def test_who_comes_in_the_moment_in_which_the_last_batch_ends_is_served(embedder: Embedder, gate: Gate) -> None:
    first = await begin(embedder, 1)
    (((waiting,),),) = embedder._waiting.values()

    async def come() -> Vectors:
        await waiting.vector
        return await embedder.embed_documents(["2"])

    coming = asyncio.create_task(come())
    gate.open.release(2)
    assert (await asyncio.wait_for(coming, 10)).tolist() == [[2.0]]
    assert (await first).tolist() == [[1.0]]
    embedder.close()


async def test_no_thread_that_stands_back_loads_the_model(embedder: Embedder, gate: Gate) -> None:
    gate.open.release()
    await embedder.embed_documents(["1"])
    assert gate.loaded_by == ["embed-questions_0"]
    embedder.close()


async def test_one_batch_at_a_time_is_embedded_while_questions_come(
    embedder: Embedder, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embeddings, "_DOCUMENT_THREADS", 2)
    monkeypatch.setattr(embedder, "_document_threads", ThreadPoolExecutor(2))
    # Two batches begin, and no third one before both are done, since a question comes.
    books = [await begin(embedder, *range(start, start + 40)) for start in (0, 100)]
    for _ in range(2):
        assert await asyncio.to_thread(gate.begun.acquire, timeout=60)
    monkeypatch.setattr(embeddings, "_AFTER_QUESTION_SECONDS", 1e9)
    await embedder.embed(["1"])
    gate.open.release()
    gate.open.release()
    assert await asyncio.to_thread(gate.begun.acquire, timeout=60)
    assert not gate.begun.acquire(blocking=False)
    assert len(gate.batches) == 3
    # Once it is quiet, two run at once again, to the end.
    monkeypatch.setattr(embeddings, "_AFTER_QUESTION_SECONDS", 0.0)
    gate.open.release()
    for _ in range(2):
        assert await asyncio.to_thread(gate.begun.acquire, timeout=60)
    for _ in range(100):
        gate.open.release()
    await asyncio.gather(*books)


async def test_a_batch_is_of_one_model_and_the_models_take_turns(embedder: Embedder, gate: Gate) -> None:
    other = Gate()
    book = await begin(embedder, *range(AT_ONCE * 2))
    assert await asyncio.to_thread(gate.begun.acquire, timeout=30)
    again = asyncio.create_task(
        embedder.embed_documents(
            [str(number) for number in range(900, 900 + 2 * AT_ONCE)], encoder=cast(Encoder, other)
        )
    )
    await asyncio.sleep(0)
    for _ in range(4):
        gate.open.release()
        other.open.release()
    assert (await book).ravel().tolist() == list(range(AT_ONCE * 2))
    assert (await again).ravel().tolist() == list(range(900, 900 + 2 * AT_ONCE))
    assert all(int(text) < 900 for batch in gate.batches for text in batch)
    assert all(int(text) >= 900 for batch in other.batches for text in batch)
    assert [len(batch) for batch in gate.batches + other.batches] == [AT_ONCE] * 4
    embedder.close()


class SlowModel(Gate):
    """Its vectors of questions are the negatives of another's, and come when they are let."""

    def encode_questions(self, texts: list[str]) -> Vectors:
        self.begun.release()
        assert self.open.acquire(timeout=30)
        return -super().encode_questions(texts)


async def test_a_question_is_of_the_model_with_which_it_began_and_is_not_remembered_for_the_next(
    embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowModel()
    embedder.switch(cast(Encoder, slow))
    asked = asyncio.create_task(embedder.embed(["7"]))
    assert await asyncio.to_thread(slow.begun.acquire, timeout=30)
    embedder.switch(cast(Encoder, Gate()))
    slow.open.release()
    assert (await asked).tolist() == [[-7.0]]
    assert (await embedder.embed(["7"])).tolist() == [[7.0]]
    embedder.close()
