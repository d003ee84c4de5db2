"""The check that a SQLite file is the server's, intact and of a known version, and the meaning of SQLite's errors."""

import getpass
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from knowledge.errors import DatabaseDamaged, DatabaseNewer, DataDirectoryUnusable, DeskError, StorageFull

Migration = Callable[[sqlite3.Connection], None]

RESTORE = "stop the desk and restore a backup: python -m backend restore DIRECTORY --force"
# A disk quota and a file size limit show as failed writes.
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_FORBIDDEN = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})
_FINDINGS = 3


def check(db: sqlite3.Connection, path: Path, migrations: Sequence[Migration], remedy: str) -> None:
    """Refuse a database that this release cannot serve, before anything is written to it."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > len(migrations):
        raise DatabaseNewer(
            f"{path} was written by a later release of the desk (its version is {version}, this release knows "
            f"{len(migrations)}); serve it with that release, or restore a backup that this one has made"
        )
    held = _names(db)
    # A file without migrations may hold some of the tables, as earlier releases created them, but nothing else.
    if version == 0 and (foreign := held - _made_by(migrations)):
        raise DatabaseDamaged(f"{path} is none of the desk's databases (it holds {min(foreign)}); {remedy}")
    if missing := _made_by(migrations[:version]) - held:
        raise DatabaseDamaged(f"{path} is damaged: it lacks {', '.join(sorted(missing))}; {remedy}")


def damage_of(db: sqlite3.Connection) -> str | None:
    """Return what SQLite finds wrong when it reads every page, or None if all is well."""
    found = [row[0] for row in db.execute(f"PRAGMA quick_check({_FINDINGS:d})")]
    return None if found == ["ok"] else "; ".join(" ".join(line.split()) for line in found)


def is_damage(error: BaseException | None) -> bool:
    """Tell whether an error means that the file is damaged."""
    return isinstance(error, sqlite3.Error) and _code(error) & 0xFF in _DAMAGED


def is_full(error: BaseException | None) -> bool:
    """Tell whether an error means that the disk is full."""
    return isinstance(error, sqlite3.OperationalError) and _code(error) in _FULL


def as_opening_failed(error: sqlite3.Error | OSError, path: Path, remedy: str) -> DeskError:
    """Return the error that says why a database cannot be opened, and what to do about it."""
    if is_damage(error):
        return DatabaseDamaged(f"{path} is damaged ({error}); {remedy}")
    if is_full(error):
        return StorageFull(f"{path} cannot be opened: its disk is full ({error}); make room, then try again")
    if isinstance(error, OSError) or _code(error) & 0xFF in _FORBIDDEN:
        reason = error.strerror if isinstance(error, OSError) else error
        return DataDirectoryUnusable(f"{path} cannot be opened and written ({reason}); {how_to_permit(path)}")
    return DataDirectoryUnusable(f"{path} cannot be opened: {error}")


def how_to_permit(path: Path) -> str:
    """Say what helps if this user may not read and write a file or directory."""
    try:
        me = f"{getpass.getuser()} (uid {os.getuid()})"
    except (KeyError, OSError):
        me = f"uid {os.getuid()}"
    try:
        owner = f"; it belongs to uid {path.stat().st_uid}"
    except OSError:
        owner = ""
    return (
        f"the desk runs as {me}{owner}: give it to that user (chown, chmod u+rw), mount its file system writable, "
        "or set DATA_DIR to another directory"
    )


def _code(error: sqlite3.Error) -> int:
    # Errors raised by Python's sqlite3 module itself have no code.
    return int(getattr(error, "sqlite_errorcode", 0))


def _names(db: sqlite3.Connection) -> frozenset[str]:
    """Return the names of tables and indexes, except SQLite's internal ones."""
    return frozenset(
        row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'")
    )


def _made_by(migrations: Sequence[Migration]) -> frozenset[str]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as scratch:
        scratch.row_factory = sqlite3.Row
        for migration in migrations:
            migration(scratch)
        return _names(scratch)
