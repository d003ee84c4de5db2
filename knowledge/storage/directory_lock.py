"""The lock that makes one process the owner of a data directory, and the note beside it that says which."""

import errno
import json
import os
from pathlib import Path

from filelock import FileLock, Timeout

from knowledge.errors import DataDirectoryInUse, DataDirectoryUnusable, DeskError, StorageFull
from knowledge.storage.damage import how_to_permit

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# The directory in which a restore prepares files before it moves them into place.
RESTORING = "restoring"


class DirectoryLock:
    """The lock of a data directory, held from construction to `release`, or until the process dies in whatever way."""

    def __init__(self, directory: Path, *, restoring: bool = False) -> None:
        self._note = directory / "owner.json"
        self._lock = FileLock(directory / "owner.lock")
        try:
            # Other users of the machine must not read questions and documents.
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise _in_use(directory, self._note) from error
        except OSError as error:
            raise _unusable(directory, error) from error
        try:
            if not restoring and (directory / RESTORING).exists():
                raise DataDirectoryUnusable(
                    f"a restore into DATA_DIR={directory} was interrupted; do it again: "
                    "python -m backend restore DIRECTORY --force"
                )
            self.announce(None)
        except DeskError:
            self._lock.release()
            raise

    def announce(self, url: str | None) -> None:
        """Write down the URL at which the owner can be reached, or None as long as it cannot."""
        try:
            self._note.write_text(json.dumps({"url": url}), encoding="utf-8")
        except OSError as error:
            raise _unusable(self._note.parent, error) from error

    def release(self) -> None:
        """Release the directory for another process."""
        self._note.unlink(missing_ok=True)
        self._lock.release()


def check_writable(path: Path) -> None:
    """Raise `DataDirectoryUnusable` if this user may not change an existing file, or a directory and all in it."""
    for found in (path, *path.rglob("*")):
        wanted = os.R_OK | os.W_OK | (os.X_OK if found.is_dir() else 0)
        if found.exists() and not os.access(found, wanted):
            raise DataDirectoryUnusable(f"{found} cannot be read and written; {how_to_permit(found)}")


def _unusable(directory: Path, error: OSError) -> DeskError:
    if error.errno in _FULL:
        return StorageFull(f"the disk that holds DATA_DIR={directory} is full; make room, then try again")
    if os.path.isfile(directory):
        return DataDirectoryUnusable(f"DATA_DIR={directory} is a file; name a directory, which is made if need be")
    there = next(place for place in (directory.absolute(), *directory.absolute().parents) if os.path.exists(place))
    return DataDirectoryUnusable(f"DATA_DIR={directory} cannot be used ({error.strerror}); {how_to_permit(there)}")


def _in_use(directory: Path, note: Path) -> DataDirectoryInUse:
    try:
        url = json.loads(note.read_text(encoding="utf-8"))["url"]
    except (OSError, ValueError, KeyError):
        url = None
    owner = f"the desk at {url}" if url else "another process (an ingestion, or a desk that is starting)"
    return DataDirectoryInUse(
        f"{directory} is in use by {owner}; stop it first, or set DATA_DIR to another directory", url
    )
