"""A disk that is full: said as such, nothing lost, and the library goes on once there is room."""

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from knowledge.errors import StorageFull
from knowledge.index import synced_index
from knowledge.index.integrity import check
from knowledge.library import Library
from knowledge.storage.database import Connection
from knowledge.storage.documents import DocumentKey
from knowledge.storage.sqlite import SqliteDatabase
from knowledge.storage.vector_changes import VectorChanges
from tests.knowledge.parts import check_level, texts
from tests.serving import Server

KEY = DocumentKey("billing", "test", "fees.md")
OLD, NEW = b"# Fees\n\nThe late fee is 7 USD.\n", b"# Fees\n\nThe late fee is 9 USD.\n"
QUESTION = "How much is the late fee?"


@contextmanager
def no_room(pid: int = 0) -> Iterator[None]:
    """As a full disk does, a limit on the size of files refuses what would make one larger."""
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, limits[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


async def limit_pages(library: Library, pages: int) -> None:
    """Let the file of documents have so many pages more than it has."""

    def limit(db: Connection) -> None:
        now = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {now + pages}")

    await library._database.write(limit)


async def test_a_document_for_which_there_is_no_room_changes_nothing(library: Library) -> None:
    await library.put(KEY, OLD)
    before = await library.listing()
    await limit_pages(library, 0)
    large = b"\n\n".join(b"Fee %d is due in spring." % number * 20 for number in range(100))
    for key in (KEY, DocumentKey("billing", "test", "more.md")):
        with pytest.raises(StorageFull, match="full"):
            await library.put(key, large)
    assert await library.listing() == before
    assert (await texts(library, "billing", QUESTION))[0] == "The late fee is 7 USD."
    await limit_pages(library, 1_000)
    await library.put(KEY, large)
    assert (await check_level(library))["billing"] == (await library.sizes())["billing"]


def create(db: Connection) -> None:
    db.execute("CREATE TABLE t (x)")


async def test_a_full_disk_fails_whatever_was_to_be_committed_with_it_and_nothing_later(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "a.db", [create])
    await database.write(lambda db: db.execute("INSERT INTO t VALUES (1)").rowcount)
    with no_room():
        writes = [database.write(lambda db: db.execute("INSERT INTO t VALUES (zeroblob(9000))")) for _ in range(3)]
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [StorageFull] * 3
    await database.write(lambda db: db.execute("INSERT INTO t VALUES (2)").rowcount)
    assert [row["x"] for row in await database.read(lambda db: db.execute("SELECT x FROM t").fetchall())] == [1, 2]
    await database.close()


def without_room_for_vectors(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vector index alone finds the disk full, as when the last room went to what SQL has just stored."""
    apply = library.index.apply

    async def refused(changes: VectorChanges) -> bool:
        with no_room():
            return await apply(changes)

    monkeypatch.setattr(library.index, "apply", refused)


@pytest.mark.parametrize("by_search", [False, True])
async def test_vectors_for_which_there_was_no_room_are_brought_in_once_there_is(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, by_search: bool
) -> None:
    library = await Library.open(data_dir)
    monkeypatch.setattr(synced_index, "_RETRY_SECONDS", 0.0)
    await library.put(KEY, OLD)
    with monkeypatch.context() as full:
        without_room_for_vectors(library, full)
        for number in range(5):
            with pytest.raises(StorageFull, match="the vector index has no room"):
                await library.put(DocumentKey("billing", "test", f"{number}.md"), b"Fee %d is due." % number)
        # What the index holds is searched all the same, and SQL has the rest.
        assert "The late fee is 7 USD." in await texts(library, "billing", QUESTION)
    assert (await library.stores.vector_changes.pending_changes(100)).ids
    if by_search:
        assert "Fee 3 is due." in await texts(library, "billing", "Is fee 3 due?")
    else:
        await library.put(KEY, NEW)
    await check_level(library)
    await library.close()
    health = await check(data_dir)
    assert (health.problems, health.pending) == ([], 0)


def test_a_desk_answers_507_while_there_is_no_room_and_goes_on_without_a_restart(server: Server) -> None:
    def put(content: bytes) -> tuple[int, str | None]:
        form = {"folder": "billing", "path": "fees.md"}
        answer = client.post("/api/documents", data=form, files={"file": ("fees.md", content)})
        return answer.status_code, answer.json().get("error", {}).get("code")

    def answer() -> str:
        return str(client.post("/chat", json={"message": QUESTION}).json()["answer"])

    with server.client() as client:
        assert put(OLD) == (200, None)
        assert "7 USD" in answer()
        with no_room(server.process.pid):
            assert put(NEW) == (507, "storage_full")
        assert "7 USD" in answer()
        assert put(NEW) == (200, None)
        assert "9 USD" in answer()
