"""`python -m backend.maintenance`: it names what is wrong, rebuilds what it can, and leaves a running desk alone."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from knowledge.index.chroma import ChromaIndex
from knowledge.library import Library
from knowledge.storage.documents import DocumentPlace
from knowledge.storage.migrations import MIGRATIONS
from knowledge.storage.sql.vector_changes import SqlVectorChangeStore
from knowledge.storage.sqlite import SqliteDatabase
from knowledge.storage.vector_changes import VectorChanges
from tests import commands
from tests.knowledge.parts import check_level, texts
from tests.serving import ROOT, environment, free_port


def run(data_dir: Path, task: str) -> tuple[int, str, str]:
    """Run the command to its end."""
    done = commands.run("backend.maintenance", task, env=environment(data_dir, free_port()), cwd=ROOT)
    return done.returncode, done.stdout, done.stderr


def execute(data_dir: Path, statement: str) -> None:
    with closing(sqlite3.connect(data_dir / "knowledge.db", isolation_level=None)) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute(statement)


def ids(data_dir: Path) -> list[int]:
    with closing(sqlite3.connect(data_dir / "knowledge.db")) as db:
        query = "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id WHERE d.folder = 'billing'"
        return [row[0] for row in db.execute(f"{query} ORDER BY 1")]


def tell(data_dir: Path, changes: VectorChanges) -> None:
    """Change the index behind SQL's back."""

    async def apply() -> None:
        index = ChromaIndex(data_dir / "chroma")
        assert await index.open()
        await index.apply(changes)
        await index.close()

    asyncio.run(apply())


def blob_of(data_dir: Path, chunk_id: int) -> bytes:
    with closing(sqlite3.connect(data_dir / "knowledge.db")) as db:
        return bytes(db.execute("SELECT embedding FROM chunks WHERE id = ?", (chunk_id,)).fetchone()[0])


def swap_an_id(data_dir: Path) -> None:
    """As many as there should be, but not the same: nothing but a comparison of them can tell."""
    chunk_id = ids(data_dir)[0]
    blob = blob_of(data_dir, chunk_id)
    tell(data_dir, VectorChanges([(DocumentPlace("billing"), 9_999, blob)], [(DocumentPlace("billing"), chunk_id)]))


def swap_vectors(data_dir: Path) -> None:
    first, second, *_ = ids(data_dir)
    place = DocumentPlace("billing")
    crossed = [(place, first, blob_of(data_dir, second)), (place, second, blob_of(data_dir, first))]
    tell(data_dir, VectorChanges(crossed, []))


def lose_the_index(data_dir: Path) -> None:
    shutil.rmtree(data_dir / "chroma")


def break_the_index(data_dir: Path) -> None:
    (data_dir / "chroma" / "chroma.sqlite3").write_bytes(b"garbage" * 9_000)


def lose_words(data_dir: Path) -> None:
    execute(data_dir, f"DELETE FROM chunk_words WHERE rowid = {ids(data_dir)[0]}")


def words_of_nothing(data_dir: Path) -> None:
    execute(data_dir, "INSERT INTO chunk_words (rowid, folder, text) VALUES (9999, 'x', 'y')")


@pytest.mark.parametrize(
    ("damage", "lines"),
    [
        (swap_an_id, ["billing: 1 chunk missing", "billing: 1 chunk that knowledge.db does not hold"]),
        (swap_vectors, ["vector index of billing: 2 chunks with another vector than knowledge.db has"]),
        (lose_the_index, ["vector index of billing: 3 chunks missing"]),
        (break_the_index, ["the vector index cannot be opened"]),
        (lose_words, ["words index: 1 chunk missing"]),
        (words_of_nothing, ["words index: 1 chunk that knowledge.db does not hold"]),
    ],
)
def test_a_damaged_index_is_named_and_made_anew(
    data_dir: Path, damage: Callable[[Path], None], lines: list[str]
) -> None:
    damage(data_dir)
    code, output, _ = run(data_dir, "check")
    assert code == 1
    assert all(line in output for line in lines), output
    assert run(data_dir, "rebuild")[:2] == (
        0,
        f"{data_dir}: both indexes are made anew from 7 stored chunks; nothing was embedded again\n",
    )
    assert run(data_dir, "check")[:2] == (0, f"{data_dir}: 6 documents, 7 chunks\nall is well\n")


def test_what_no_index_can_mend_is_named(data_dir: Path) -> None:
    execute(data_dir, "DELETE FROM documents WHERE path = 'prices.md'")
    execute(data_dir, f"UPDATE chunks SET embedding = x'00' WHERE id = {ids(data_dir)[0]}")
    code, output, _ = run(data_dir, "check")
    assert code == 1
    assert "knowledge.db: 1 chunk without a document\n" in output
    assert "knowledge.db: 1 chunk whose vector has not the length of the others\n" in output


async def test_what_waits_to_be_told_is_no_fault(data_dir: Path) -> None:
    database = SqliteDatabase(data_dir / "knowledge.db", MIGRATIONS)
    await SqlVectorChangeStore(database).record_all_chunks()
    await database.close()
    code, output, _ = await asyncio.to_thread(run, data_dir, "check")
    assert (code, "7 changes wait to be told to the vector index" in output) == (0, True)


@pytest.mark.parametrize("task", ["check", "rebuild"])
async def test_a_directory_in_use_is_left_alone(data_dir: Path, task: str) -> None:
    library = await Library.open(data_dir)
    library.announce("http://127.0.0.1:8123")
    code, output, errors = await asyncio.to_thread(run, data_dir, task)
    assert (code, output) == (2, "")
    assert "is in use by the desk at http://127.0.0.1:8123; stop it first" in errors
    await check_level(library)
    await library.close()


def test_a_directory_without_documents_is_refused(tmp_path: Path) -> None:
    env = environment(tmp_path / "data", free_port())
    refused = commands.run_alone("-m", "backend.maintenance", "check", env=env, cwd=tmp_path)
    assert (refused.returncode, "holds no documents" in refused.stderr) == (2, True)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("damage", [lose_the_index, break_the_index])
async def test_an_index_that_is_made_anew_at_start_is_told_of_in_the_log(
    data_dir: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    damage(data_dir)
    library = await Library.open(data_dir)
    (record,) = [record for record in caplog.records if record.name == "knowledge.index.synced_index"]
    assert record.getMessage() == "the vector index cannot be used as it is; it is made anew from 7 stored vectors"
    assert (await texts(library, "billing", "I was charged twice"))[0].startswith("A duplicate charge is refunded")
    await library.close()


async def test_a_new_directory_has_nothing_to_tell_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    await (await Library.open(tmp_path / "data")).close()
    assert not caplog.records
