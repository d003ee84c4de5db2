"""What is deleted for good is in no byte of the data directory, while the desk goes on serving."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from knowledge.storage.database import Connection
from knowledge.storage.sqlite import SqliteDatabase
from tests.backend.asking import as_user, keys
from tests.serving import Server, serve

# Words that nothing else holds, in a question whose answer quotes them.
SECRET = "Quixolant"
QUESTION = f"My name is {SECRET} Zephyrgale and I was charged twice, how do I get a refund for {SECRET}?"
_SECONDS = 120


def holding(data_dir: Path, word: str) -> list[str]:
    """The files in which a word stands, as SQLite, LangGraph, Chroma and FTS5 write it.

    Chroma's `length.bin` is left out: Chroma writes memory into it that it has not initialised, and which may hold
    anything that the process has freed. The desk has no say in that; the architecture page tells of it.
    """
    sought = word.lower().encode()
    return [
        path.relative_to(data_dir).as_posix()
        for path in sorted(data_dir.rglob("*"))
        if path.is_file() and path.name != "length.bin" and sought in path.read_bytes().lower()
    ]


def gone(data_dir: Path, word: str) -> list[str]:
    """The files in which a word still stands, once there is time for what goes on in the background."""
    deadline = time.monotonic() + _SECONDS
    while (left := holding(data_dir, word)) and time.monotonic() < deadline:
        time.sleep(0.05)  # polls for a condition; the deadline above bounds it
    return left


@pytest.fixture
def desk(data_dir: Path) -> Iterator[Server]:
    with serve(data_dir) as running:
        yield running


def ask(client: httpx.Client, message: str, session: str) -> str:
    body = {"message": message, "session_id": session}
    return str(client.post("/chat", json=body).raise_for_status().json()["thread_id"])


def test_a_destroyed_conversation_is_in_no_byte_of_the_data_directory(desk: Server) -> None:
    with desk.client() as client:
        others = [ask(client, f"How are refunds paid? Number {number}", f"s{number}") for number in range(6)]
        threads = [ask(client, QUESTION, f"secret-{number}") for number in range(4)]
        for number in range(3):
            # Between those of others, and longer than a page.
            ask(client, f"{QUESTION} {'and so on ' * 500}", f"secret-{number}")
            ask(client, f"And then? Number {number}", f"s{number}")
        client.post("/api/handovers", json={"thread_id": threads[0], "contact": f"{SECRET}@example.org"})
        run_id = client.get(f"/api/threads/{threads[0]}").json()["history"][-1]["run_id"]
        client.post(f"/runs/{run_id}/feedback", json={"rating": "up", "comment": f"Thanks from {SECRET}"})
        assert {"desk.db-wal", "graph.db-wal"} <= set(holding(desk.data_dir, SECRET))
        for thread in threads:
            client.delete(f"/api/threads/{thread}?hard_delete=true").raise_for_status()
        assert gone(desk.data_dir, SECRET) == []
        assert all(client.get(f"/api/threads/{thread}").json()["history"] for thread in others)


def test_a_removed_document_is_in_no_byte_of_the_data_directory(data_dir: Path) -> None:
    with serve(data_dir, API_KEYS=keys("ada", "olga"), OPERATORS="olga") as desk, as_user(desk, "ada") as client:
        text = "\n\n".join(f"{SECRET} pays fee number {number} to Zephyrgale." for number in range(300))
        ids = []
        for name in ("one", "two"):
            form = {"folder": "billing", "path": f"{SECRET}-{name}.md"}
            reply = client.post("/api/documents", data=form, files={"file": (f"{name}.md", f"# {SECRET}\n\n{text}")})
            ids.append(reply.raise_for_status().json()["id"])
        assert {"knowledge.db-wal"} <= set(holding(desk.data_dir, SECRET))
        for document_id in ids:
            client.delete(f"/api/documents/{document_id}").raise_for_status()
        for word in (SECRET, "Zephyrgal"):
            assert gone(desk.data_dir, word) == []
        asked = {"message": "How are refunds of duplicate charges paid?"}
        assert "10 working days" in client.post("/chat", json=asked).json()["answer"]


def test_of_everybodys_document_the_audit_log_alone_keeps_the_path(desk: Server) -> None:
    with desk.client() as client:
        form = {"folder": "billing", "path": f"{SECRET}.md"}
        reply = client.post("/api/documents", data=form, files={"file": ("one.md", "# Fees\n\nPaid to Zephyrgale.")})
        document_id = reply.raise_for_status().json()["id"]
        client.delete(f"/api/documents/{document_id}").raise_for_status()
        assert gone(desk.data_dir, "Zephyrgal") == []
        (removed,) = client.get("/api/audit", params={"action": "document.remove"}).json()["entries"]
        assert (removed["target"], removed["before"]["path"]) == (document_id, f"{SECRET}.md")
        assert {file.split("-")[0] for file in holding(desk.data_dir, SECRET)} == {"desk.db"}


def create(db: sqlite3.Connection) -> None:
    db.execute("CREATE TABLE notes (text TEXT)")


async def test_a_reader_of_what_was_there_before_puts_the_erasing_off_until_it_is_done(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "notes.db", [create])
    await database.write(lambda db: db.executemany("INSERT INTO notes VALUES (?)", [(SECRET,)] * 3).rowcount)
    reading, finish = threading.Event(), threading.Event()

    def read(db: Connection) -> list[str]:
        rows = db.execute("SELECT text FROM notes")
        first = rows.fetchone()["text"]
        reading.set()
        assert finish.wait(_SECONDS)
        return [first, *(row["text"] for row in rows)]

    long = asyncio.create_task(database.read(read, long=True))
    assert await asyncio.to_thread(reading.wait, _SECONDS)
    # It does not wait for the reader.
    await database.write(lambda db: db.execute("DELETE FROM notes").rowcount, erasing=True)
    assert holding(tmp_path, SECRET)
    finish.set()
    assert await long == [SECRET] * 3
    assert await asyncio.to_thread(gone, tmp_path, SECRET) == []
    await database.close()


async def test_a_reader_in_another_process_puts_it_off_until_the_next_write(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "notes.db", [create])
    await database.write(lambda db: db.execute("INSERT INTO notes VALUES (?)", (SECRET,)).rowcount)
    with closing(sqlite3.connect(tmp_path / "notes.db", isolation_level=None)) as other:
        other.execute("PRAGMA wal_autocheckpoint = 0")
        other.execute("BEGIN")
        other.execute("SELECT text FROM notes").fetchall()
        await database.write(lambda db: db.execute("DELETE FROM notes").rowcount, erasing=True)
        other.execute("COMMIT")
        await database.write(lambda db: db.execute("INSERT INTO notes VALUES ('other')").rowcount)
        assert holding(tmp_path, SECRET) == []
    await database.close()
