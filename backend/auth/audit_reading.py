"""Queries of the audit log: a filter, a page of entries, and all matching entries as CSV."""

import csv
import io
import json
import sqlite3
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from knowledge.storage.database import Database

COLUMNS = ("place", "at", "action", "actor", "key_id", "address", "target", "person", "before", "after", "hash")
MOST_CSV_ROWS = 100_000
_ROWS_AT_ONCE = 500
# Characters that begin a formula in a spreadsheet, or that it strips before one.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


@dataclass(frozen=True)
class AuditFilter:
    """A filter of entries, in which None matches anything; `action` also matches `action.anything`."""

    action: str | None = None
    actor: str | None = None
    target: str | None = None
    person: str | None = None
    since: float | None = None
    until: float | None = None
    before: int | None = None


def entries(db: sqlite3.Connection, wanted: AuditFilter, limit: int) -> list[dict[str, Any]]:
    """Return the matching entries, newest first."""
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
    where = " AND ".join(conditions) or "1"
    rows = db.execute(f"SELECT * FROM audit WHERE {where} ORDER BY place DESC LIMIT ?", (*values, limit))
    return [_entry(dict(row)) for row in rows]


async def as_csv(database: Database, wanted: AuditFilter) -> AsyncIterator[bytes]:
    """Yield the matching entries as CSV, newest first, at most 100,000 rows; `before` the last `place` continues.

    Only a few hundred rows are in memory, however slowly the client reads.
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


def _cell(value: Any) -> str:  # noqa: ANN401 - any column value
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _lines(rows: Iterable[Iterable[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()
