"""The audit log: another program's edits of it show, nobody can fill the disk with it, and it is written as CSV."""

import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.auth import audit_csv
from backend.auth.audit import Actor, changed
from backend.auth.audit_log import MOST_OF_AN_ADDRESS, MOST_REFUSED, AuditLog
from backend.storage.audit import AuditFilter
from backend.storage.sql import migrations
from backend.storage.sql.audit import SqlAuditLogStore, find_broken_place, record_entry
from knowledge.errors import StorageFull
from knowledge.storage.database import Database
from knowledge.storage.sqlite import SqliteDatabase
from tests.knowledge.storage.test_storage_full import no_room

ADA = Actor("ada", "192.0.2.7", "0123456789ab")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS)
    yield opened
    await opened.close()


@pytest.fixture
def db(database: Database, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The same file, as whoever can write it has it open."""
    connection = sqlite3.connect(tmp_path / "desk.db", isolation_level=None)
    connection.row_factory = sqlite3.Row
    yield connection
    connection.close()


def rows(db: sqlite3.Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in db.execute("SELECT * FROM audit ORDER BY place")]


def test_a_change_is_told_by_the_fields_that_differ() -> None:
    was, now = {"name": "Sales", "enabled": True, "old": 1}, {"name": "Sales", "enabled": False, "new": 2}
    assert changed(was, now) == ({"enabled": True, "old": 1}, {"enabled": False, "new": 2})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'eve'",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE place = 1",
        "INSERT OR REPLACE INTO audit SELECT place, at, action, 'eve', key_id, address, target, person, before, after, "
        "hash FROM audit",
        "INSERT INTO audit SELECT place + 5, at, action, actor, key_id, address, target, person, before, after, hash "
        "FROM audit WHERE place = 2",
        "UPDATE audit_trimmed SET place = -1",
        "DELETE FROM audit_trimmed",
        "REPLACE INTO audit_trimmed VALUES (0, '')",
    ],
)
def test_sql_refuses_to_alter_what_is_recorded(db: sqlite3.Connection, statement: str) -> None:
    for number in range(2):
        record_entry(db, ADA.did("agent.delete", f"agent-{number}"))
    was = rows(db)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute(statement)
    assert rows(db) == was


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        ("UPDATE audit SET actor = 'eve' WHERE place = 2", 2),
        ("DELETE FROM audit WHERE place = 2", 3),
        ("DELETE FROM audit WHERE place = 1", 2),
        ("UPDATE audit SET at = at - 1 WHERE place = 3", 3),
    ],
)
def test_what_was_altered_without_the_triggers_shows(db: sqlite3.Connection, damage: str, place: int) -> None:
    for number in range(3):
        record_entry(db, ADA.did("agent.delete", f"agent-{number}"))
    assert find_broken_place(db) is None
    for trigger in ("audit_is_not_updated", "audit_is_not_deleted"):
        db.execute(f"DROP TRIGGER {trigger}")
    db.execute(damage)
    assert find_broken_place(db) == place


def test_what_retention_did_not_remove_is_missed(db: sqlite3.Connection) -> None:
    for number in range(5):
        record_entry(db, ADA.did("agent.delete", f"agent-{number}"))
    mark = db.execute("SELECT place, hash FROM audit WHERE place = 3").fetchone()
    db.execute("UPDATE audit_trimmed SET place = ?, hash = ?", tuple(mark))
    db.execute("DELETE FROM audit WHERE place <= 3")
    assert find_broken_place(db) == 3


async def test_refused_keys_are_counted_and_cannot_fill_the_disk(database: Database, db: sqlite3.Connection) -> None:
    log = AuditLog(SqlAuditLogStore(database))
    for _ in range(1_000):
        log.refuse("192.0.2.1", "aaaaaaaaaaaa", "unknown")
    for number in range(1_000):
        log.refuse("192.0.2.2", f"{number:012x}", "unknown")
    for number in range(1_000):
        log.refuse(f"2001:db8::{number:x}", "bbbbbbbbbbbb", "unknown")
    await log.flush()
    told = [(row["address"], row["target"], json.loads(row["after"])["times"]) for row in rows(db)]
    assert ("192.0.2.1", "aaaaaaaaaaaa", 1_000) in told
    assert ("192.0.2.2", "many", 1_000 - MOST_OF_AN_ADDRESS) in told
    assert sum(times for *_, times in told) == 3_000
    # The rows of those that are not told one by one come on top.
    assert len(told) <= MOST_REFUSED + 2
    await log.close()


async def test_the_log_trims_what_is_too_old_in_steps(database: Database, db: sqlite3.Connection) -> None:
    db.execute("BEGIN")
    for number in range(7_000):
        record_entry(db, ADA.did("agent.delete", f"agent-{number}"))
    db.execute("COMMIT")
    log, newest = AuditLog(SqlAuditLogStore(database), days=1), rows(db)[-1]["at"]
    assert await log.trim(newest) == 0
    assert await log.trim(newest + 86_400.001) >= 7_000
    assert {row["action"] for row in rows(db)} == {"audit.trim"}
    assert find_broken_place(db) is None
    await log.close()


async def test_a_csv_is_read_in_pages_and_has_an_end(
    database: Database, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_csv, "MOST_CSV_ROWS", 1_000)
    db.execute("BEGIN")
    for number in range(1_200):
        record_entry(db, ADA.did("agent.delete", f"agent-{number}"))
    db.execute("COMMIT")
    pieces = [piece async for piece in audit_csv.stream_csv(SqlAuditLogStore(database), AuditFilter())]
    places = [int(line.split(b",")[0]) for line in b"".join(pieces).splitlines()[1:]]
    assert places == list(range(1_200, 200, -1))
    assert len(pieces) == 3
    rest = b"".join(
        [piece async for piece in audit_csv.stream_csv(SqlAuditLogStore(database), AuditFilter(before=places[-1]))]
    )
    assert len(rest.splitlines()) == 201


async def test_what_is_counted_is_recorded_when_the_desk_closes(database: Database, db: sqlite3.Connection) -> None:
    log = AuditLog(SqlAuditLogStore(database))
    log.refuse(None, None, "no key")
    await log.close()
    assert [row["action"] for row in rows(db)] == ["key.refused"]


async def test_what_a_full_disk_refuses_is_still_counted(database: Database, db: sqlite3.Connection) -> None:
    log = AuditLog(SqlAuditLogStore(database))
    for _ in range(3):
        log.refuse("192.0.2.1", "aaaaaaaaaaaa", "unknown")
    with no_room():
        with pytest.raises(StorageFull):
            await log.flush()
        log.refuse("192.0.2.1", "aaaaaaaaaaaa", "unknown")
        await log.try_to_flush()
    assert rows(db) == []
    await log.close()
    (row,) = rows(db)
    assert json.loads(row["after"]) == {"times": 4, "reason": "unknown"}
