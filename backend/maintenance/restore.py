"""The restore of a backup: `python -m backend restore DIRECTORY`.

The files are copied into a staging directory inside the data directory and verified against the manifest before any is
moved. A server refuses a directory in which a restore was interrupted, and the same command, repeated, completes it.
"""

import itertools
import os
import shutil
import time
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from backend.auth.audit import SYSTEM
from backend.maintenance.backup import DATABASES, MANIFEST, Manifest, digest
from backend.maintenance.errors import BackupUnusable, DirectoryNotEmpty
from backend.storage.sql import checkpoints
from backend.storage.sql import migrations as desk_schema
from backend.storage.sql.audit import record_in_copy
from knowledge.errors import DatabaseNewer, DataDirectoryUnusable
from knowledge.retrieval.calibration import FILE as CALIBRATION
from knowledge.storage import migrations as knowledge_schema
from knowledge.storage.database import DatabaseError
from knowledge.storage.directory_lock import RESTORING, DirectoryLock

_KNOWN = {
    "graph.db": len(checkpoints.MIGRATIONS),
    "desk.db": len(desk_schema.MIGRATIONS),
    "knowledge.db": len(knowledge_schema.MIGRATIONS),
}
_REPLACED = "replaced-"
# The lock and its note belong to this restore; local models belong to no backup.
_OWNERS = frozenset({"owner.lock", "owner.json", RESTORING, "models"})


def restore(backup: Path, data_dir: Path, *, force: bool = False) -> Path | None:
    """Restore a backup, and return the directory to which the previous files were moved, if there were any."""
    manifest = _read(backup)
    ownership = DirectoryLock(data_dir, restoring=True)
    try:
        held = [path for path in data_dir.iterdir() if path.name not in _OWNERS and not path.name.startswith(_REPLACED)]
        interrupted = (data_dir / RESTORING).exists()
        if (held or interrupted) and not force:
            raise DirectoryNotEmpty(
                f"DATA_DIR={data_dir} is not empty; with --force, what it holds is moved into a directory within it"
            )
        staging = data_dir / RESTORING
        try:
            staged = _lay_out(backup, manifest, staging)
            _record(staging / "desk.db", backup, manifest)
        except BaseException:
            # The staging directory of an interrupted restore stays, so that no server uses the half-restored data.
            if not interrupted:
                shutil.rmtree(staging, ignore_errors=True)
            raise
        replaced = _move_away(held, data_dir)
        for path in staged:
            os.rename(path, data_dir / path.name)
        staging.rmdir()
        return replaced
    except OSError as error:
        raise DataDirectoryUnusable(f"DATA_DIR={data_dir} cannot be restored: {error.strerror}") from error
    finally:
        ownership.release()


def _read(backup: Path) -> Manifest:
    """Read a backup's manifest, and check that this release can serve it."""
    try:
        manifest = Manifest.model_validate_json((backup / MANIFEST).read_bytes())
    except (OSError, ValidationError) as error:
        why = error.strerror if isinstance(error, OSError) else "it cannot be read"
        raise BackupUnusable(f"{backup} is no backup of a desk: {MANIFEST}: {why}") from error
    for name in manifest.files:
        if not _is_ours(PurePosixPath(name)):
            raise BackupUnusable(f"{backup} is no backup of a desk: it names {name}")
    for name, version in manifest.versions.items():
        if version > _KNOWN.get(name, 0):
            raise DatabaseNewer(
                f"{backup} was made by a later release of the desk ({manifest.release}); restore it with that release"
            )
    return manifest


def _is_ours(path: PurePosixPath) -> bool:
    # Earlier releases kept the archives of runs under way as files.
    if path.parts[0] == "uploads":
        return len(path.parts) == 3 and ".." not in path.parts
    return str(path) in (*DATABASES, CALIBRATION)


def _lay_out(backup: Path, manifest: Manifest, staging: Path) -> list[Path]:
    """Copy and verify all files in the staging directory, before anything in the data directory is touched."""
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(mode=0o700)
    for name, told in manifest.files.items():
        copy = staging / name
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            shutil.copyfile(backup / name, copy)
        except FileNotFoundError as error:
            raise BackupUnusable(f"{backup} is not whole: it lacks {name}") from error
        copy.chmod(0o600)
        if digest(copy) != told:
            raise BackupUnusable(f"{backup / name} is not as it was when the backup was made; use another backup")
    return sorted(staging.iterdir())


def _record(desk: Path, backup: Path, manifest: Manifest) -> None:
    """Record the restore in the restored audit log, unless its schema is older than this release's."""
    if manifest.versions.get(desk.name) != len(desk_schema.MIGRATIONS):
        return
    after = {"backup": str(backup), "made_at": manifest.created_at, "release": manifest.release, "uid": os.getuid()}
    try:
        record_in_copy(desk, SYSTEM.did("desk.restore", "desk", None, after))
    except DatabaseError as error:
        raise BackupUnusable(f"{backup} cannot be restored: {desk.name}: {error}") from error


def _move_away(held: list[Path], data_dir: Path) -> Path | None:
    if not held:
        return None
    name = time.strftime(f"{_REPLACED}%Y%m%d-%H%M%S")
    replaced = next(
        place for number in itertools.count() if not (place := data_dir / (name + number * "-again")).exists()
    )
    replaced.mkdir(mode=0o700)
    for path in held:
        os.rename(path, replaced / path.name)
    return replaced
