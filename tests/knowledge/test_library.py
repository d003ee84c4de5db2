"""The library as a whole: one owner, an index that can be lost, and kills between any two steps."""

import asyncio
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from knowledge.embedding.embedder import BUNDLED, Vectors
from knowledge.embedding.quantized import quantize
from knowledge.errors import (
    DataDirectoryInUse,
    DocumentSuperseded,
    DocumentUnknown,
    DocumentUnreadable,
)
from knowledge.index.chroma import ChromaIndex
from knowledge.ingestion.chunk_vectors import ChunkVectors
from knowledge.ingestion.chunking import Chunk
from knowledge.library import Library
from knowledge.loaders import LoadedText
from knowledge.storage import migrations
from knowledge.storage.database import Connection, Work
from knowledge.storage.document_store import NewDocument
from knowledge.storage.documents import DocumentKey, DocumentPlace
from knowledge.storage.sql import changes
from knowledge.storage.sql.vector_changes import record_all_chunks
from knowledge.storage.sqlite import SqliteDatabase
from knowledge.storage.vector_changes import VectorChanges
from tests.knowledge.parts import check_level, paths, texts
from tests.serving import environment, free_port

KEY = DocumentKey("billing", "test", "fees.md")
KEPT = "The fee is kept in full."

# Opens the directory as a desk does, and says whether that took the embedding model.
OPEN = """
import asyncio, pathlib, sys
from knowledge.library import Library
async def main():
    library = await Library.open(pathlib.Path(sys.argv[1]))
    print("model" if "sentence_transformers" in sys.modules else "no model", sum((await library.sizes()).values()))
    await library.close()
asyncio.run(main())
"""


def drawn_vectors(count: int) -> Vectors:
    """Unit vectors, each unlike the others."""
    drawn = np.random.default_rng(count).normal(size=(count, 384)).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)


def vectors_of(count: int) -> ChunkVectors:
    """The same, of the model that serves."""
    drawn = drawn_vectors(count)
    return ChunkVectors(BUNDLED, drawn, tuple(quantize(drawn[place : place + 1]) for place in range(count)))


def put_in_sql(key: DocumentKey, count: int) -> Work[object]:
    """What `Library.put` commits before it tells the vector index."""
    pieces = [Chunk(position, "", f"Passage {position} of many.") for position in range(count)]
    text = LoadedText("Many", "\n\n".join(piece.text for piece in pieces))
    return lambda db: changes.put_document(db, NewDocument(key, text, "hash", pieces, vectors_of(count)))


async def commit(data_dir: Path, *works: Work[object]) -> None:
    """Change the stopped library's SQL, as a process does that is killed before it tells the vector index."""
    database = SqliteDatabase(data_dir / "knowledge.db", migrations.MIGRATIONS)
    for work in works:
        await database.write(work)
    await database.close()


async def test_a_second_owner_is_refused_and_told_where_the_first_one_is(data_dir: Path) -> None:
    first = await Library.open(data_dir)
    first.announce("http://127.0.0.1:8123")
    with pytest.raises(DataDirectoryInUse, match=r"in use by the desk at http://127\.0\.0\.1:8123") as refused:
        await Library.open(data_dir)
    assert refused.value.owner_url == "http://127.0.0.1:8123"
    await first.put(KEY, KEPT.encode())
    await first.close()
    second = await Library.open(data_dir)
    assert "fees.md" in await paths(second, "billing")
    with pytest.raises(DataDirectoryInUse, match="another process") as refused:
        await Library.open(data_dir)
    assert refused.value.owner_url is None
    await second.close()


async def test_what_a_dead_owner_noted_keeps_nobody_out(data_dir: Path) -> None:
    (data_dir / "owner.json").write_text(json.dumps({"url": "http://127.0.0.1:9"}), encoding="utf-8")
    library = await Library.open(data_dir)
    with pytest.raises(DataDirectoryInUse) as refused:
        await Library.open(data_dir)
    assert refused.value.owner_url is None
    await library.close()


def lose_the_directory(chroma: Path) -> None:
    shutil.rmtree(chroma)


def empty_the_file(chroma: Path) -> None:
    (chroma / "chroma.sqlite3").write_bytes(b"")


def lose_the_collections(chroma: Path) -> None:
    file = sqlite3.connect(chroma / "chroma.sqlite3", isolation_level=None)
    file.execute("DELETE FROM collections")
    file.close()


@pytest.mark.parametrize("damage", [lose_the_directory, empty_the_file, lose_the_collections])
async def test_a_lost_index_is_filled_again_from_sql_without_embedding(
    data_dir: Path, damage: Callable[[Path], None]
) -> None:
    damage(data_dir / "chroma")
    opened = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", OPEN, str(data_dir)],
        env=environment(data_dir, free_port()),
        capture_output=True,
        check=True,
        text=True,
    )
    library = await Library.open(data_dir)
    stored = await check_level(library)
    assert opened.stdout == f"no model {sum(stored.values())}\n"
    assert (await texts(library, "billing", "I was charged twice"))[0].startswith("A duplicate charge is refunded")
    await library.close()


async def test_vectors_that_went_missing_are_noticed_and_brought_back(data_dir: Path) -> None:
    library = await Library.open(data_dir)
    ids = [row["id"] for row in await library._database.read(lambda db: db.execute("SELECT id FROM chunks").fetchall())]
    await library.close()
    index = ChromaIndex(data_dir / "chroma")
    assert await index.open()
    await index.apply(VectorChanges([], [(DocumentPlace("billing"), chunk_id) for chunk_id in ids]))
    assert DocumentPlace("billing") not in await index.counts()
    await index.close()
    library = await Library.open(data_dir)
    assert (await check_level(library))["billing"] == 3
    await library.close()


async def test_a_version_that_the_index_was_not_told_of_is_caught_up_when_it_is_opened(data_dir: Path) -> None:
    """As many passages come as go, so nothing but the noted changes can tell."""
    library = await Library.open(data_dir)
    await library.put(KEY, KEPT.encode())
    await library.close()
    await commit(data_dir, put_in_sql(KEY, 1))
    library = await Library.open(data_dir)
    await check_level(library)
    (((chunk_id, cosine),),) = await library.index.nearest([[DocumentPlace("billing")]], drawn_vectors(1)[0], 1)
    (chunk,) = (await library.stores.passages.chunks_by_id([chunk_id], "")).values()
    assert (chunk.path, chunk.version, chunk.text) == ("fees.md", 2, "Passage 0 of many.")
    assert cosine == pytest.approx(1, abs=1e-5)
    assert KEPT not in await texts(library, "billing", KEPT)
    await library.close()


async def test_many_changes_and_removals_that_wait_are_caught_up_in_order(data_dir: Path) -> None:
    many, gone = DocumentKey("bulk", "test", "many.md"), DocumentKey("bulk", "test", "gone.md")
    await commit(data_dir, put_in_sql(gone, 700), put_in_sql(many, 600), put_in_sql(many, 1_100))
    await commit(data_dir, lambda db: changes.remove_for_good(db, gone.id, ""))
    library = await Library.open(data_dir)
    assert (await check_level(library))["bulk"] == 1_100
    await library.remove(many.id)
    assert "bulk" not in await check_level(library)
    await library.close()


async def test_what_was_told_twice_is_held_once(data_dir: Path) -> None:
    """Killed after the index was told and before SQL noted that it was."""
    library = await Library.open(data_dir)
    before = await check_level(library)
    await library.close()
    await commit(data_dir, record_all_chunks)
    library = await Library.open(data_dir)
    assert await check_level(library) == before
    await library.close()


async def test_of_versions_of_one_document_that_come_at_once_one_is_stored(library: Library) -> None:
    puts = (library.put(KEY, f"The fee is {n} USD.".encode()) for n in range(5))
    outcomes = await asyncio.gather(*puts, return_exceptions=True)
    stored = [outcome for outcome in outcomes if not isinstance(outcome, DocumentSuperseded)]
    (info,) = [info for info in await library.listing("billing") if info.id == KEY.id]
    assert info in stored
    assert (info.version, info.chunks) == (len(stored), 1)
    assert sum(text.startswith("The fee is") for text in await texts(library, "billing", "What is the fee?")) == 1
    await check_level(library)


async def test_what_cannot_be_read_changes_nothing(library: Library) -> None:
    before = await library.listing()
    for name, data in (("a.md", b""), ("a.md", b"\xff"), ("a.pdf", b"%PDF"), ("a", b"text")):
        with pytest.raises(DocumentUnreadable):
            await library.put(DocumentKey("billing", "test", name), data)
    with pytest.raises(DocumentUnknown, match="there is no document nowhere"):
        await library.remove("nowhere")
    assert await library.listing() == before
    await check_level(library)


async def test_cutting_again_never_brings_back_what_was_replaced_meanwhile(library: Library) -> None:
    """A document that was removed and comes back is a first version again, under the same id."""
    old = await library.put(KEY, b"The gizmo costs 10 euros.")
    await library.remove(old.id)
    new = await library.put(KEY, b"The gizmo costs 99 euros.")
    assert (new.id, new.version) == (old.id, old.version)
    with pytest.raises(DocumentUnknown):
        await library.read_again(old)
    assert (await texts(library, "billing", "What does the gizmo cost?"))[0] == "The gizmo costs 99 euros."
    await library.read_again(new)
    assert (await library.whole(new.id)).info == new
    await check_level(library)


async def test_sizes_and_words_follow_every_change(library: Library) -> None:
    sizes = await library.sizes()
    assert "quokka" not in (await library.vocabularies.shared()).frequencies
    info = await library.put(KEY, b"A quokka smiles.")
    assert await library.sizes() == sizes | {"billing": sizes["billing"] + 1}
    assert "quokka" in (await library.vocabularies.shared()).frequencies
    await library.remove(info.id)
    assert await library.sizes() == sizes
    assert "quokka" not in (await library.vocabularies.shared()).frequencies


async def test_a_version_that_came_and_went_unseen_is_dropped_once(data_dir: Path) -> None:
    key = DocumentKey("bulk", "test", "twice.md")
    await commit(data_dir, put_in_sql(key, 3), put_in_sql(key, 2))
    library = await Library.open(data_dir)
    assert (await check_level(library))["bulk"] == 2
    await library.close()


async def test_a_change_that_is_committed_later_under_a_lower_id_is_not_lost(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with several writers: while the index applies what was read, a change with a lower id becomes visible."""
    apply = library.index.apply

    def commit_late(db: Connection) -> None:
        changes.put_document(
            db, NewDocument(late, LoadedText("Late", KEPT), "hash", [Chunk(0, "", KEPT)], vectors_of(1))
        )
        db.execute("UPDATE vector_changes SET id = id - 1000 WHERE id = (SELECT max(id) FROM vector_changes)")

    async def apply_and_commit(read: VectorChanges) -> bool:
        monkeypatch.setattr(library.index, "apply", apply)
        await library._database.write(commit_late)
        return await apply(read)

    late = DocumentKey("billing", "test", "late.md")
    monkeypatch.setattr(library.index, "apply", apply_and_commit)
    await library.put(KEY, b"The fee is 7 USD.")
    stored = await check_level(library)
    assert stored["billing"] == 5
