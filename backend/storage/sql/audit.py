"""The audit log in SQL. Triggers refuse to update or delete a row, except that `trim_entries` removes the oldest ones.

A change and its entry are written in one transaction: stores call `record_entry` in the transaction of the change.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backend.auth.audit import SYSTEM, AuditEntry
from backend.auth.audit_redaction import redact_fields, redact_text
from backend.storage.audit import TRIMMED_AT_ONCE, AuditFilter, RecordedEntry
from knowledge.storage.database import Connection, Database, Row
from knowledge.storage.sqlite_copy import change_copy

_COLUMNS = "place, at, action, actor, key_id, address, target, person, before, after, hash"


class SqlAuditLogStore:
    """The SQL implementation of `AuditLogStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        def append_all(db: Connection) -> None:
            for entry in entries:
                record_entry(db, entry)

        await self._database.write(append_all)

    async def trim(self, before: float, most: int = TRIMMED_AT_ONCE) -> int:
        return await self._database.write(lambda db: trim_entries(db, before, most))

    async def entries(self, wanted: AuditFilter, limit: int) -> list[RecordedEntry]:
        return await self._database.read(lambda db: _matching_entries(db, wanted, limit), long=True)

    async def check_chain(self) -> int | None:
        return await self._database.read(find_broken_place, long=True)


def create_audit_table(db: Connection) -> None:
    """Create the log, its triggers, and the mark up to which `trim_entries` may delete."""
    for statement in (
        """CREATE TABLE audit (
            place INTEGER PRIMARY KEY, at REAL NOT NULL, action TEXT NOT NULL, actor TEXT NOT NULL,
            key_id TEXT, address TEXT, target TEXT NOT NULL, person TEXT, before TEXT, after TEXT,
            hash TEXT NOT NULL)""",
        "CREATE INDEX audit_by_action ON audit (action, place)",
        "CREATE INDEX audit_by_actor ON audit (actor, place)",
        "CREATE INDEX audit_by_target ON audit (target, place)",
        "CREATE INDEX audit_by_person ON audit (person, place) WHERE person IS NOT NULL",
        # The last row that retention has removed, with its hash, on which the first remaining row builds.
        "CREATE TABLE audit_trimmed (place INTEGER NOT NULL, hash TEXT NOT NULL)",
        "INSERT INTO audit_trimmed VALUES (0, '')",
        # INSERT OR REPLACE would delete the existing row without firing the delete trigger.
        """CREATE TRIGGER audit_is_in_order BEFORE INSERT ON audit
            WHEN NEW.place <> 1 + (SELECT max(coalesce((SELECT max(place) FROM audit), 0), place) FROM audit_trimmed)
            BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
        """CREATE TRIGGER audit_is_not_updated BEFORE UPDATE ON audit
            BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
        """CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
            WHEN OLD.place > (SELECT place FROM audit_trimmed)
            BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
        """CREATE TRIGGER audit_trimmed_moves_on BEFORE UPDATE ON audit_trimmed
            WHEN NEW.place <= OLD.place
            BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
        """CREATE TRIGGER audit_trimmed_is_one BEFORE INSERT ON audit_trimmed
            BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
        """CREATE TRIGGER audit_trimmed_stays BEFORE DELETE ON audit_trimmed
            BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    ):
        db.execute(statement)


def record_entry(db: Connection, entry: AuditEntry) -> None:
    """Append an entry; call this in the transaction of the change that it describes."""
    last = db.execute("SELECT place, hash FROM audit ORDER BY place DESC LIMIT 1").fetchone()
    place, previous = last or db.execute("SELECT place, hash FROM audit_trimmed").fetchone()
    row = (
        place + 1,
        time.time(),
        redact_text(entry.action),
        redact_text(entry.actor),
        entry.key_id,
        entry.address and redact_text(entry.address),
        redact_text(entry.target),
        entry.person and redact_text(entry.person),
        _as_json(entry.before),
        _as_json(entry.after),
    )
    insert = f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    db.execute(insert, (*row, _hash_of(previous, row)))


def record_in_copy(file: Path, entry: AuditEntry) -> None:
    """Append an entry to the log in a copy of `desk.db` that nobody has open; raise `DatabaseError` if that fails."""
    change_copy(file, lambda db: record_entry(db, entry))


def trim_entries(db: Connection, before: float, most: int) -> int:
    """Delete the oldest entries from before a time and return their number; the deletion itself is an entry too."""
    oldest = db.execute("SELECT place, at, hash FROM audit ORDER BY place LIMIT ?", (most,))
    # Stop at the first entry that stays, even if a clock that was set back has made later ones look older.
    last = None
    for row in oldest:
        if row["at"] >= before:
            break
        last = row
    if last is None:
        return 0
    record_entry(db, SYSTEM.did("audit.trim", "audit", after={"up_to_place": last["place"], "before": before}))
    db.execute("UPDATE audit_trimmed SET place = ?, hash = ?", (last["place"], last["hash"]))
    return db.execute("DELETE FROM audit WHERE place <= ?", (last["place"],)).rowcount


def find_broken_place(db: Connection) -> int | None:
    """Return the place of the first row that was altered or follows a gap, or None if the log is intact."""
    place, previous = db.execute("SELECT place, hash FROM audit_trimmed").fetchone()
    # Retention records each removal in an entry that comes after the removed ones and so still exists.
    trim = db.execute("SELECT after FROM audit WHERE action = 'audit.trim' ORDER BY place DESC LIMIT 1").fetchone()
    if place and f'"up_to_place":{place},' not in (trim["after"] if trim else "").replace(" ", ""):
        return int(place)
    for row in db.execute(f"SELECT {_COLUMNS} FROM audit ORDER BY place"):
        values = tuple(row)
        if row["place"] != place + 1 or row["hash"] != _hash_of(previous, values[:-1]):
            return int(row["place"])
        place, previous = row["place"], row["hash"]
    return None


def _matching_entries(db: Connection, wanted: AuditFilter, limit: int) -> list[RecordedEntry]:
    conditions: list[str] = []
    values: list[Any] = []
    if wanted.action is not None:
        # A range, which uses the index: "/" is the character after ".".
        conditions.append("(action = ? OR action >= ? AND action < ?)")
        values += [wanted.action, f"{wanted.action}.", f"{wanted.action}/"]
    for condition, value in (
        ("actor = ?", wanted.actor),
        ("target = ?", wanted.target),
        ("person = ?", wanted.person),
        ("at >= ?", wanted.since),
        ("at < ?", wanted.until),
        ("place < ?", wanted.before),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = db.execute(f"SELECT {_COLUMNS} FROM audit {where} ORDER BY place DESC LIMIT ?", (*values, limit))
    return [_recorded_entry(row) for row in rows]


def _recorded_entry(row: Row) -> RecordedEntry:
    changes = {name: json.loads(row[name]) if row[name] else None for name in ("before", "after")}
    return RecordedEntry(**{**dict(row), **changes})


def _hash_of(previous: str, row: tuple[Any, ...]) -> str:
    return hashlib.sha256(json.dumps([previous, *row], default=repr).encode()).hexdigest()


def _as_json(fields: dict[str, Any] | None) -> str | None:
    return None if fields is None else json.dumps(redact_fields(fields), ensure_ascii=False)
