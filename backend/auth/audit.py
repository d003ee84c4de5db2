"""The append-only audit log: who did what, to what, when and from where, and what changed.

A change and its entry are written in one transaction (`record`). Triggers refuse to update or delete a row, except that
`trim` removes the oldest ones. Each row carries a hash over itself and the row before it, so that an edit made with
another program is detected (`check_chain`).
"""

import hashlib
import json
import re
import sqlite3
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from agents.security.log_redaction import RedactingFormatter

_VALUE_CHARS = 20_000
_NAME_CHARS = 500
_HIDDEN = "[hidden]"
_SECRET_NAME = re.compile(
    r"secret|password|authorization|^(api_?)?keys?$|_(api_)?keys?$|(access|id)_token", re.IGNORECASE
)


@dataclass(frozen=True)
class AuditEntry:
    """An action for the audit log. `before` and `after` hold the fields that it changed; secrets need not be removed.

    `person` is the user whose data or key it concerns, if any; `target` is the id of anything, be it an agent or a key.
    """

    action: str
    actor: str
    address: str | None
    target: str
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    key_id: str | None = field(default=None, kw_only=True)
    person: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Actor:
    """The originator of a request: the user, the client address, and the id of the key it came with."""

    name: str
    address: str | None
    key_id: str | None = None

    def did(
        self,
        action: str,
        target: str,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
        *,
        person: str | None = None,
    ) -> AuditEntry:
        """Make the audit entry of an action of this request."""
        return AuditEntry(action, self.name, self.address, target, before, after, key_id=self.key_id, person=person)


SYSTEM = Actor("(desk)", None)
"""The actor of the server's own actions: retention, and settings read at start."""


def create_audit_table(db: sqlite3.Connection) -> None:
    """Create the log, its triggers, and the mark up to which `trim` may delete."""
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


def record(db: sqlite3.Connection, entry: AuditEntry) -> None:
    """Append an entry; call this in the transaction of the change that it describes."""
    last = db.execute("SELECT place, hash FROM audit ORDER BY place DESC LIMIT 1").fetchone()
    place, previous = last or db.execute("SELECT place, hash FROM audit_trimmed").fetchone()
    row = (
        place + 1,
        time.time(),
        _clean_text(entry.action),
        _clean_text(entry.actor),
        entry.key_id,
        entry.address and _clean_text(entry.address),
        _clean_text(entry.target),
        entry.person and _clean_text(entry.person),
        _as_json(entry.before),
        _as_json(entry.after),
    )
    db.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, _hash(previous, row)))


TRIMMED_AT_ONCE = 5_000


def trim(db: sqlite3.Connection, before: float, most: int = TRIMMED_AT_ONCE) -> int:
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
    record(db, SYSTEM.did("audit.trim", "audit", after={"up_to_place": last["place"], "before": before}))
    db.execute("UPDATE audit_trimmed SET place = ?, hash = ?", (last["place"], last["hash"]))
    return db.execute("DELETE FROM audit WHERE place <= ?", (last["place"],)).rowcount


def changed(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Reduce two states to the fields in which they differ."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: before[name] for name in names if name in before}, {n: after[n] for n in names if n in after}


def check_chain(db: sqlite3.Connection) -> int | None:
    """Return the place of the first row that was altered or follows a gap, or None if the log is intact."""
    place, previous = db.execute("SELECT place, hash FROM audit_trimmed").fetchone()
    # Retention records each removal in an entry that comes after the removed ones and so still exists.
    told = db.execute("SELECT after FROM audit WHERE action = 'audit.trim' ORDER BY place DESC LIMIT 1").fetchone()
    if place and f'"up_to_place":{place},' not in (told["after"] if told else "").replace(" ", ""):
        return int(place)
    for row in db.execute("SELECT * FROM audit ORDER BY place"):
        values = tuple(row)
        if row["place"] != place + 1 or row["hash"] != _hash(previous, values[:-1]):
            return int(row["place"])
        place, previous = row["place"], row["hash"]
    return None


def _hash(previous: str, row: tuple[Any, ...]) -> str:
    return hashlib.sha256(json.dumps([previous, *row], default=repr).encode()).hexdigest()


def _as_json(fields: dict[str, Any] | None) -> str | None:
    if fields is None:
        return None
    return json.dumps({_clean_text(name): _clean(name, value) for name, value in fields.items()}, ensure_ascii=False)


def _clean(name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Redact secrets by name and by pattern, and truncate long values."""
    if value is not None and _SECRET_NAME.search(name):
        return _HIDDEN
    if isinstance(value, dict):
        return {_clean_text(str(key)): _clean(str(key), one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(name, one) for one in value]
    return _clean_text(value, _VALUE_CHARS) if isinstance(value, str) else value


def _clean_text(text: str, most: int = _NAME_CHARS) -> str:
    # A lone surrogate cannot be stored.
    return _redacting().redact_text(text.encode("utf-8", "replace").decode(), most)


@cache
def _redacting() -> RedactingFormatter:
    return RedactingFormatter()
