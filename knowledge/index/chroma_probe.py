"""The probe that searches Chroma's files in a subprocess, `python -m knowledge.index.chroma_probe DIRECTORY`.

Damaged files may open and count well, and crash the whole process at the first search. Files that have not changed
since they were last closed need no probe.
"""

import json
import logging
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import chromadb
from chromadb.config import Settings

from knowledge.errors import StorageFull
from knowledge.index.chroma_errors import is_full_disk
from knowledge.storage.chroma_files import note_of

_LOG = logging.getLogger(__name__)

_ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 300
# Searches in each collection, for vectors spread over all of it: damage may lie anywhere.
_SEARCHES = 50
_UNLIKE_ITSELF = 0.01
# Enough for what Chroma writes when it is opened.
_ROOM_BYTES = 4_000_000


def note_as_left(directory: Path) -> None:
    """Write down the sizes and times of the files of an index that was closed cleanly."""
    note_of(directory).write_text(json.dumps(_files(directory)))


def is_as_left(directory: Path) -> bool:
    """Tell whether the files are unchanged since they were noted."""
    try:
        return bool(json.loads(note_of(directory).read_text()) == _files(directory))
    except (OSError, ValueError):
        return False


def exists(directory: Path) -> bool:
    """Tell whether there is an index in a directory."""
    return (directory / "chroma.sqlite3").exists()


def is_sound(directory: Path) -> bool:
    """Tell whether an index can be searched, or does not exist yet."""
    if not exists(directory) or is_as_left(directory):
        return True
    fault = fault_of(directory)
    # A full disk does not mean that the index is broken.
    if fault and is_full_disk(fault):
        raise StorageFull(f"the vector index has no room on the disk that holds DATA_DIR ({fault})")
    if fault:
        _LOG.warning("the vector index cannot be searched: %s", fault)
    return fault is None


def fault_of(directory: Path) -> str | None:
    """Search the index in a subprocess and return what goes wrong, if anything."""
    try:
        tried = subprocess.run(  # noqa: S603 - this Python, with a path of our own
            [sys.executable, "-m", "knowledge.index.chroma_probe", str(directory.resolve())],
            cwd=_ROOT,
            env={},
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"it did not answer within {_SECONDS} s"
    if tried.returncode == 0:
        return None
    said = tried.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    return said or f"searching it ends the process with code {tried.returncode}"


def _files(directory: Path) -> Mapping[str, list[int]]:
    states = {path: path.stat() for path in sorted(directory.rglob("*")) if path.is_file()}
    return {str(path.relative_to(directory)): [state.st_size, state.st_mtime_ns] for path, state in states.items()}


def _try(directory: str) -> str | None:
    client = chromadb.PersistentClient(directory, settings=Settings(anonymized_telemetry=False))
    for collection in client.list_collections():
        count = collection.count()
        for offset in range(0, count, max(1, count // _SEARCHES)):
            held: Any = collection.get(limit=1, offset=offset, include=["embeddings"])
            found = collection.query(query_embeddings=held["embeddings"], n_results=1, include=["distances"])
            distances = (found["distances"] or [[]])[0]
            if not distances or distances[0] > _UNLIKE_ITSELF:
                return f"{collection.name} does not find what it holds"
    return None


if __name__ == "__main__":
    sys.exit(_try(sys.argv[1]))


def check_room(directory: Path) -> None:
    """Raise `StorageFull` unless there is enough room on the disk to open Chroma."""
    probe = directory / "room"
    try:
        probe.write_bytes(bytes(_ROOM_BYTES))
    except OSError as error:
        raise StorageFull(f"the vector index has no room on the disk that holds DATA_DIR ({error.strerror})") from error
    finally:
        probe.unlink(missing_ok=True)
