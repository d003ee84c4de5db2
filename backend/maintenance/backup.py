"""The backup of a data directory, even while a server uses it: `python -m backend backup DIRECTORY`.

Each database is copied by SQLite's own backup, from a snapshot. All snapshots are taken within a moment, that of the
checkpoints first, so that the event log has every run that the checkpoints have: steps of a run under way that lack a
checkpoint are repeated when a server resumes from the copy. The vector index is left out; the server rebuilds it from
`knowledge.db`.
"""

import hashlib
import os
import shutil
import time
from contextlib import ExitStack
from pathlib import Path

from pydantic import BaseModel, Field

from backend.maintenance.errors import BackupNotMade
from backend.version import VERSION
from knowledge.retrieval.calibration import FILE as CALIBRATION
from knowledge.storage.sqlite_copy import open_snapshot

# In the order in which the snapshots are taken.
DATABASES = ("graph.db", "desk.db", "knowledge.db")
MANIFEST = "backup.json"


class CopiedFile(BaseModel):
    """The size and hash of a file at the time of the backup."""

    bytes: int
    sha256: str


class Manifest(BaseModel):
    """The list of a backup's files by relative path, which is written last."""

    release: str = VERSION
    created_at: float = Field(default_factory=time.time)
    # The number of migrations applied to each database.
    versions: dict[str, int] = {}
    files: dict[str, CopiedFile] = {}


def back_up(data_dir: Path, target: Path) -> Manifest:
    """Make a backup directory atomically, readable by its owner alone."""
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
    """Return the size and hash that identify a file's content."""
    with file.open("rb") as content:
        return CopiedFile(bytes=file.stat().st_size, sha256=hashlib.file_digest(content, "sha256").hexdigest())


def _fill(data_dir: Path, staging: Path) -> Manifest:
    manifest = Manifest()
    with ExitStack() as stack:
        existing = [name for name in DATABASES if (data_dir / name).exists()]
        snapshots = {name: stack.enter_context(open_snapshot(data_dir / name)) for name in existing}
        for name, snapshot in snapshots.items():
            manifest.versions[name] = snapshot.copy_to(staging / name)
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


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
