"""The audit log, read: which entries are wanted, a page of them, and all of them as CSV."""

import csv
import io
import json
import sqlite3
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from knowledge.storage.sqlite import Database

COLUMNS = ("place", "at", "action", "actor", "key_id", "address", "target", "person", "before", "after", "hash")
MOST_CSV_ROWS = 100_000
_ROWS_AT_ONCE = 500
# What a spreadsheet takes for a formula, or strips until it does.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


@dataclass(frozen=True)
class AuditFilter:
    """Which entries are wanted; what is None is all the same. `action` fits `action.anything` too."""

    action: str | None = None
    actor: str | None = None
    target: str | None = None
    person: str | None = None
    since: float | None = None
    until: float | None = None
    before: int | None = None


def entries(db: sqlite3.Connection, wanted: AuditFilter, limit: int) -> list[dict[str, Any]]:
    """The newest entries that are wanted, the newest first."""
    conditions: list[str] = []
    values: list[Any] = []
    if wanted.action is not None:
        # As a range, which the index answers: "/" is the character after ".".
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
    where = " AND ".join(conditions) or "1"
    rows = db.execute(f"SELECT * FROM audit WHERE {where} ORDER BY place DESC LIMIT ?", (*values, limit))
    return [_entry(dict(row)) for row in rows]


async def as_csv(database: Database, wanted: AuditFilter) -> AsyncIterator[bytes]:
    """What is wanted as CSV, the newest first: 100,000 rows at most, those before them with the last `place`.

    Nothing is held but a few hundred rows, however slowly they are read.
    """
    yield _lines([COLUMNS])
    for _ in range(MOST_CSV_ROWS // _ROWS_AT_ONCE):
        page = wanted
        found = await database.read(lambda db, page=page: entries(db, page, _ROWS_AT_ONCE), long=True)  # type: ignore[misc]
        if found:
            yield _lines(_cells(entry) for entry in found)
        if len(found) < _ROWS_AT_ONCE:
            return
        wanted = replace(wanted, before=found[-1]["place"])


def _entry(row: dict[str, Any]) -> dict[str, Any]:
    for name in ("before", "after"):
        row[name] = json.loads(row[name]) if row[name] else None
    return row


def _cells(entry: dict[str, Any]) -> list[str]:
    moment = datetime.fromtimestamp(entry["at"], UTC).isoformat(timespec="milliseconds")
    shown = {**entry, "at": moment}
    return [_cell(shown[name]) for name in COLUMNS]


def _cell(value: Any) -> str:  # noqa: ANN401 - whatever a column holds
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _lines(rows: Iterable[Iterable[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()
