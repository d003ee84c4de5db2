"""One process owns a data directory. The lock says that it is taken, the note beside it by whom."""

import json
from pathlib import Path

from filelock import FileLock, Timeout

from knowledge.errors import DataDirectoryInUse, DataDirectoryUnusable


class Ownership:
    """Held from construction to `release`; the operating system releases it when the process dies, however it dies."""

    def __init__(self, directory: Path) -> None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataDirectoryUnusable(f"DATA_DIR={directory} cannot be used: {error.strerror}") from error
        self._note = directory / "owner.json"
        self._lock = FileLock(directory / "owner.lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise _in_use(directory, self._note) from error
        self.announce(None)

    def announce(self, url: str | None) -> None:
        """Say where the owner can be reached, once it can."""
        self._note.write_text(json.dumps({"url": url}), encoding="utf-8")

    def release(self) -> None:
        """Let another process have the directory."""
        self._note.unlink(missing_ok=True)
        self._lock.release()


def _in_use(directory: Path, note: Path) -> DataDirectoryInUse:
    try:
        url = json.loads(note.read_text(encoding="utf-8"))["url"]
    except (OSError, ValueError, KeyError):
        url = None
    owner = f"the desk at {url}" if url else "another process (an ingestion, or a desk that is starting)"
    return DataDirectoryInUse(
        f"{directory} is in use by {owner}; stop it first, or set DATA_DIR to another directory", url
    )
