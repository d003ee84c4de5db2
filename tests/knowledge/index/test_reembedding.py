"""Another embedding model: questions are answered throughout, and a kill or a full disk at any point loses nothing."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from knowledge.embedding.encoder import Vectors
from knowledge.embedding.quantized import dequantize
from knowledge.errors import EmbeddingModelUnusable, StorageFull
from knowledge.index import reembedding
from knowledge.index.integrity import check
from knowledge.ingestion.units import unit_texts
from knowledge.library import Library
from knowledge.retrieval.search import Searcher
from knowledge.retrieval.units import score_units
from knowledge.storage.documents import DocumentKey
from tests.knowledge.index.changed_model import ANSWER, QUESTION, check_changed
from tests.knowledge.parts import check_level, texts
from tests.knowledge.storage.test_storage_full import limit_pages
from tests.serving import serve

KEY = DocumentKey("billing", "test", "fees.md")


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reembedding, "_AT_ONCE", 2)


@pytest.fixture
async def changing(data_dir: Path, model: str) -> AsyncIterator[Library]:
    """A library that another model is wanted for."""
    library = await Library.open(data_dir, embedding_model=model)
    yield library
    await library.close()


async def test_questions_are_answered_and_documents_stored_while_the_model_changes(
    data_dir: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = await Library.open(data_dir, embedding_model=model)
    asked, changed = 0, asyncio.Event()
    replaced, removed = (info for info in await library.listing() if info.path in ("refunds.md", "prices.md"))
    seen: list[tuple[int, int]] = []

    async def ask() -> None:
        nonlocal asked
        while not changed.is_set():
            # Never asked before, so it is embedded, by whichever model serves.
            (best, *_) = await texts(library, "technical", f"How large may an upload be, and what of file {asked}?")
            assert best.startswith("The Upload API answers 413")
            asked += 1

    async def put() -> None:
        await library.put(KEY, b"# Fees\n\nThe late fee is 7 USD.\n")
        await library.remove(removed.id)
        number = 0
        while not changed.is_set():
            number += 1
            await library.put(
                DocumentKey(replaced.folder, replaced.source, replaced.path),
                b"# Refunds\n\nA duplicate charge is refunded within %d days.\n" % number,
            )

    tasks = [asyncio.create_task(work()) for work in (ask, ask, put)]
    try:
        assert library.reembedding is not None
        assert library.reembedding.progress == (reembedding.ReembeddingProgress("bundled", model, 0, 0))
        await library.reembedding.run(lambda embedded, chunks: seen.append((embedded, chunks)))
    finally:
        changed.set()
        await asyncio.gather(*tasks)
    assert asked > 2
    assert seen[-1][0] == seen[-1][1] > 2
    assert library.reembedding.progress is None
    await check_changed(library, model)
    assert (await texts(library, "billing", "How much is the late fee?"))[0] == "The late fee is 7 USD."
    await library.close()
    health = await check(data_dir)
    assert (health.problems, health.pending) == ([], 0)
    again = await Library.open(data_dir, embedding_model=model)
    assert again.reembedding is None
    await check_changed(again, model)
    await again.close()


async def test_vectors_of_the_earlier_model_are_not_stored_after_the_swap(
    changing: Library, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed, embedded, go_on = changing.embedder.embed_documents, asyncio.Event(), asyncio.Event()

    async def embed_and_wait(passages: Sequence[str], owner: str = "", **_: object) -> Vectors:
        vectors = await embed(passages, owner)
        if owner != "\0model" and not embedded.is_set():
            embedded.set()
            await go_on.wait()
        return vectors

    putting = asyncio.create_task(changing.put(KEY, b"# Fees\n\nThe late fee is 7 USD.\n"))
    with monkeypatch.context() as slow:
        slow.setattr(changing.embedder, "embed_documents", embed_and_wait)
        await embedded.wait()
    assert changing.reembedding is not None
    await changing.reembedding.run()
    go_on.set()
    assert (await putting).version == 1
    await check_changed(changing, model)


async def test_the_vectors_of_units_are_those_of_the_new_model(changing: Library, model: str) -> None:
    passages, searcher = changing.stores.passages, Searcher(changing)
    findings = await searcher.search(QUESTION, "billing")
    best = findings.passages[0]
    earlier = await passages.unit_vectors([best.chunk.id], "bundled")
    assert changing.reembedding is not None
    await changing.reembedding.run()
    # Nobody who embedded a question with the earlier model gets them.
    assert await passages.unit_vectors([best.chunk.id], "bundled") == {}
    packed = (await passages.unit_vectors([best.chunk.id], model))[best.chunk.id]
    assert packed != earlier[best.chunk.id]
    units = unit_texts(best.chunk.title, best.chunk.section, best.chunk.text)
    expected = await changing.embedder.embed_documents(units)
    assert expected.shape == (len(units), 512)
    assert np.sum(dequantize(packed, 512) * expected, axis=1).min() > 0.98
    (unit, *_) = await score_units(QUESTION, findings.asked, [best], passages, changing.embedder)
    question = (await changing.embedder.embed([QUESTION]))[0]
    assert unit.cosine == pytest.approx(max(expected @ question), abs=0.05)


async def test_a_search_in_the_middle_of_the_swap_is_repeated_with_the_new_model(
    changing: Library, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = changing.stores.passages.find_chunks
    calls = 0

    async def change_first(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 1:
            assert changing.reembedding is not None
            await changing.reembedding.run()
        return await find(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(changing.stores.passages, "find_chunks", change_first)
    assert (await texts(changing, "billing", QUESTION))[0].startswith(ANSWER)
    assert calls == 2


async def test_a_full_disk_in_the_middle_delays_the_change(
    changing: Library, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reembedding, "_RETRY_SECONDS", 0.0)
    assert changing.reembedding is not None
    held_up, note = asyncio.Event(), changing.reembedding._note_problem

    def noted(problem: str) -> None:
        note(problem)
        held_up.set()

    monkeypatch.setattr(changing.reembedding, "_note_problem", noted)
    await limit_pages(changing, 0)
    await changing.warm_up()
    await held_up.wait()
    progress = changing.reembedding.progress
    assert progress is not None
    assert "full" in (progress.problem or "")
    assert (await texts(changing, "billing", QUESTION))[0].startswith(ANSWER)
    await limit_pages(changing, 10_000)
    assert changing.reembedding._task is not None
    await changing.reembedding._task
    await check_changed(changing, model)


async def test_a_disk_without_room_for_the_new_vectors_is_not_filled(
    changing: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(changing._data_dir)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000))
    assert changing.reembedding is not None
    with pytest.raises(StorageFull, match="needs 0 MB"):
        await changing.reembedding.run()
    assert (await changing.stores.reembedding.amounts())[0] == 0


async def test_a_model_that_is_not_there_is_refused_and_the_refusal_frees_the_directory(
    data_dir: Path, model: str
) -> None:
    with pytest.raises(EmbeddingModelUnusable, match=r"python -m knowledge\.embedding get nobody/nothing"):
        await Library.open(data_dir, embedding_model="nobody/nothing")
    with pytest.raises(EmbeddingModelUnusable):
        await Library.open(data_dir / "new", embedding_model="nobody/nothing")
    new = await Library.open(data_dir / "new")
    assert (new.embedder.model, new.reembedding) == ("bundled", None)
    await new.close()
    library = await Library.open(data_dir)
    await check_level(library)
    await library.stores.facts.set_fact("embedding_model", "nobody/gone")
    await library.close()
    library = await Library.open(data_dir, embedding_model=model)
    with pytest.raises(EmbeddingModelUnusable, match=r"python -m backend\.maintenance reembed"):
        await library.warm_up()
    # The earlier model is not needed for that.
    assert library.reembedding is not None
    await library.reembedding.run()
    await check_changed(library, model)
    await library.close()


def test_a_desk_answers_while_its_model_changes_and_operators_see_how_far_it_is(
    data_dir: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(data_dir, EMBEDDING_MODEL=model) as server, server.client() as client:
        seen = []
        while change := client.get("/ready").json().get("embedding"):
            seen.append(change)
            answer = client.post("/chat", json={"message": "I was charged twice, what happens?"}).json()["answer"]
            assert "5 to 10 working days" in answer
        answer = client.post("/chat", json={"message": "I was charged twice, what happens?"}).json()["answer"]
        assert "5 to 10 working days" in answer
        assert all((change["model"], change["next_model"]) == ("bundled", model) for change in seen)
        log = (data_dir.parent / f"{data_dir.name}-server.log").read_text()
        assert f"questions are now answered with EMBEDDING_MODEL={model}" in log
        assert server.interrupt() == 0
    asyncio.run(checked_after_the_desk(data_dir, model))


async def checked_after_the_desk(data_dir: Path, model: str) -> None:
    assert (await check(data_dir)).problems == []
    library = await Library.open(data_dir, embedding_model=model)
    await check_changed(library, model)
    await library.close()
