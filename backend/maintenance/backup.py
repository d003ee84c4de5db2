"""Copy a data directory, also while a desk serves it: `python -m backend backup DIRECTORY`.

Each database is copied by SQLite's own backup, from a snapshot. All snapshots are taken within a moment, that of the
conversations' memory first, so that the desk's log knows every run that the memory knows: what the memory does not have
yet of a run under way is done again when the desk goes on from the copy. The vector index is left out; the desk makes
it anew from what `knowledge.db` holds.
"""

import hashlib
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from pydantic import BaseModel, Field

from backend.maintenance.errors import BackupNotMade
from backend.version import VERSION
from knowledge.errors import DatabaseDamaged
from knowledge.retrieval.calibration import FILE as CALIBRATION
from knowledge.storage.damage import RESTORE, as_opening_failed

# In the order of their snapshots.
DATABASES = ("graph.db", "desk.db", "knowledge.db")
UPLOADS = "uploads"
MANIFEST = "backup.json"
_PAGES_AT_ONCE = 4_096


class CopiedFile(BaseModel):
    """A file of a backup, as it was when it was made."""

    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What a backup holds, by paths below it; it is written last."""

    release: str = VERSION
    created_at: float = Field(default_factory=time.time)
    # How many migrations each database has had.
    versions: dict[str, int] = {}
    files: dict[str, CopiedFile] = {}


def back_up(data_dir: Path, target: Path) -> Manifest:
    """Make a directory that is there whole or not at all, and that nobody else may read."""
    if os.path.lexists(target):
        raise BackupNotMade(f"{target} exists already; name a directory that does not")
    if not any((data_dir / name).exists() for name in DATABASES):
        raise BackupNotMade(f"DATA_DIR={data_dir} holds no desk; nothing is copied")
    if target.resolve().is_relative_to(data_dir.resolve()):
        raise BackupNotMade(f"{target} lies within DATA_DIR={data_dir}; name a directory outside of it")
    staging = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        staging.mkdir(mode=0o700, parents=True)
        manifest = _fill(data_dir, staging)
        os.rename(staging, target)
        _sync(target.parent)
    except OSError as error:
        raise BackupNotMade(f"{target} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return manifest


def digest(file: Path) -> CopiedFile:
    """What tells a file from any other."""
    with file.open("rb") as content:
        return CopiedFile(bytes=file.stat().st_size, sha256=hashlib.file_digest(content, "sha256").hexdigest())


def _fill(data_dir: Path, staging: Path) -> Manifest:
    manifest = Manifest()
    # An archive lies there before its run is stored, and is gone before the run has ended: what the log's snapshot
    # needs is there before it or after it.
    _copy_uploads(data_dir, staging)
    with ExitStack() as stack:
        sources = {
            name: stack.enter_context(_snapshot(data_dir / name)) for name in DATABASES if (data_dir / name).exists()
        }
        _copy_uploads(data_dir, staging)
        for name, source in sources.items():
            manifest.versions[name] = _copy(source, data_dir / name, staging / name)
    if (data_dir / CALIBRATION).exists():
        shutil.copyfile(data_dir / CALIBRATION, staging / CALIBRATION)
    for file in sorted(path for path in staging.rglob("*") if path.is_file()):
        file.chmod(0o600)
        manifest.files[file.relative_to(staging).as_posix()] = digest(file)
        _sync(file)
    written = staging / MANIFEST
    written.touch(mode=0o600)
    written.write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
    for place in (written, staging):
        _sync(place)
    return manifest


@contextmanager
def _snapshot(file: Path) -> Iterator[sqlite3.Connection]:
    """What a database holds at this moment, for as long as it is open; whoever writes to it goes on."""
    try:
        # It can neither write nor checkpoint: the desk's own connection alone may do that.
        source = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        with closing(source):
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            yield source
    except sqlite3.Error as error:
        raise as_opening_failed(error, file, RESTORE) from error


def _copy(source: sqlite3.Connection, file: Path, target: Path) -> int:
    """Copy a snapshot and read the copy through; its version."""
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        source.backup(copy, pages=_PAGES_AT_ONCE)
        # One file, without a log beside it; the desk has it otherwise when it opens it.
        copy.execute("PRAGMA journal_mode = DELETE")
        found = [row[0] for row in copy.execute("PRAGMA integrity_check(3)")]
        if found != ["ok"]:
            raise DatabaseDamaged(f"{file} is damaged ({'; '.join(found)}), so no backup is made of it; {RESTORE}")
        return int(copy.execute("PRAGMA user_version").fetchone()[0])


def _copy_uploads(data_dir: Path, staging: Path) -> None:
    """The archives of runs under way; one may be finished with meanwhile."""
    for file in sorted((data_dir / UPLOADS).glob("*/*")):
        target = staging / file.relative_to(data_dir)
        if not target.exists():
            for place in (target.parent.parent, target.parent):
                place.mkdir(mode=0o700, exist_ok=True)
            try:
                shutil.copyfile(file, target)
            except FileNotFoundError:
                target.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
