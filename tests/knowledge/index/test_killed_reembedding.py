"""A change of the embedding model that is killed at any point: never a mixture, and nothing is embedded twice."""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from knowledge.index import reembedding, synced_index
from knowledge.ingestion.chunk_vectors import ChunkVectors
from knowledge.library import Library
from knowledge.storage import chroma_files
from knowledge.storage.sql.reembedding import SqlReembeddingStore
from tests.knowledge.index.changed_model import ANSWER, QUESTION, check_changed, dimensions
from tests.knowledge.parts import texts
from tests.serving import environment, free_port
from tests.template import Forked


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reembedding, "_AT_ONCE", 2)


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_while_embedding() -> None:
    add = SqlReembeddingStore.add_vectors

    async def add_and_die(self: SqlReembeddingStore, ids: Sequence[int], vectors: ChunkVectors) -> int:
        stored = await add(self, ids, vectors)
        if (await self.amounts())[0] >= 4:
            kill()
        return stored

    reembedding._AT_ONCE = 2
    SqlReembeddingStore.add_vectors = add_and_die  # type: ignore[method-assign]


def kill_while_filling() -> None:
    level = synced_index.level_index

    async def level_and_die(*arguments: object) -> bool:
        await level(*arguments)  # type: ignore[arg-type]
        kill()
        return True

    reembedding.level_index = level_and_die  # type: ignore[attr-defined, assignment]


def kill_after_the_swap() -> None:
    swap = SqlReembeddingStore.swap

    async def swap_and_die(self: SqlReembeddingStore, model: str) -> bool:
        await swap(self, model)
        kill()
        return True

    SqlReembeddingStore.swap = swap_and_die  # type: ignore[method-assign]


def kill_between_the_directories() -> None:
    delete = chroma_files._delete

    def delete_and_die(path: Path) -> None:
        delete(path)
        if path.name == "chroma":
            kill()

    chroma_files._delete = delete_and_die


def kill_before_it_is_settled() -> None:
    async def die(_: SqlReembeddingStore) -> None:
        kill()

    SqlReembeddingStore.settle = die  # type: ignore[method-assign, assignment]


KILLS = [
    kill_while_embedding,
    kill_while_filling,
    kill_after_the_swap,
    kill_between_the_directories,
    kill_before_it_is_settled,
]


def killed(data_dir: Path, model: str, at: Callable[[], None]) -> None:
    """The change of model, killed."""
    env = environment(data_dir, free_port(), EMBEDDING_MODEL=model)
    log = data_dir.parent / "killed"
    process = Forked("backend.maintenance", env, data_dir.parent, log, arguments=["reembed"], before=at)
    assert process.wait() == -signal.SIGKILL, log.read_text()


@pytest.mark.parametrize("at", KILLS, ids=lambda at: at.__name__)
async def test_a_change_that_is_killed_is_completed_by_the_next_start(
    data_dir: Path, model: str, at: Callable[[], None]
) -> None:
    await asyncio.to_thread(killed, data_dir, model, at)
    is_swapped = at not in (kill_while_embedding, kill_while_filling)
    library = await Library.open(data_dir, embedding_model=model)
    # Never a mixture: until the rest is done, the earlier model answers.
    assert await dimensions(library) == ({512} if is_swapped else {384})
    assert (await texts(library, "billing", QUESTION))[0].startswith(ANSWER)
    seen: list[int] = []
    if is_swapped:
        assert library.reembedding is None
    else:
        assert library.reembedding is not None
        await library.reembedding.run(lambda embedded, chunks: seen.append(embedded))
        # What was embedded is not embedded again.
        assert seen[:1] == ([6] if at is kill_while_embedding else [])
    await check_changed(library, model)
    await library.close()


@pytest.mark.parametrize("at", [kill_while_filling, kill_after_the_swap], ids=lambda at: at.__name__)
async def test_back_to_the_earlier_model_after_a_kill(data_dir: Path, model: str, at: Callable[[], None]) -> None:
    await asyncio.to_thread(killed, data_dir, model, at)
    library = await Library.open(data_dir)
    if library.reembedding is not None:
        await library.reembedding.run()
    await check_changed(library, "bundled", 384)
    await library.close()
