"""Copies of a SQLite file are of one moment, and a copy is changed as a whole or not at all."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from knowledge.errors import DatabaseDamaged
from knowledge.storage.database import Connection, DatabaseError
from knowledge.storage.sqlite import SqliteDatabase
from knowledge.storage.sqlite_copy import change_copy, open_snapshot


def create_notes(db: Connection) -> None:
    db.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")


def add_note(db: Connection) -> int:
    return db.execute("INSERT INTO notes (text) VALUES ('a note')").rowcount


def notes(file: Path) -> int:
    with closing(sqlite3.connect(file)) as db:
        return int(db.execute("SELECT count(*) FROM notes").fetchone()[0])


async def test_a_copy_is_of_the_moment_of_its_snapshot_whatever_is_written_since(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "notes.db", [create_notes])
    await database.write(add_note)
    with open_snapshot(tmp_path / "notes.db") as snapshot:
        await database.write(add_note)
        assert snapshot.copy_to(tmp_path / "copy.db") == 1
    await database.close()
    assert (notes(tmp_path / "copy.db"), notes(tmp_path / "notes.db")) == (1, 2)
    assert {path.name for path in tmp_path.iterdir() if path.name.startswith("copy")} == {"copy.db"}


async def test_a_change_of_a_copy_that_fails_leaves_it_as_it_was(tmp_path: Path) -> None:
    await SqliteDatabase(tmp_path / "notes.db", [create_notes]).close()

    def add_twice(db: Connection) -> None:
        for _ in range(2):
            db.execute("INSERT INTO notes (id, text) VALUES (1, 'a note')")

    with pytest.raises(DatabaseError):
        change_copy(tmp_path / "notes.db", add_twice)
    assert notes(tmp_path / "notes.db") == 0
    assert change_copy(tmp_path / "notes.db", add_note) == 1
    assert notes(tmp_path / "notes.db") == 1


def test_a_file_that_is_no_database_has_no_snapshot(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_bytes(b"This is no database. " * 100)
    with pytest.raises(DatabaseDamaged, match=r"notes\.db"), open_snapshot(tmp_path / "notes.db"):
        pass
