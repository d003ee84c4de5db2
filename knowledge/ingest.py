"""Bring a folder of files into a library: only what is new or changed is read, and every file's fate is reported."""

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from knowledge.errors import DocumentsNotFound, DocumentUnreadable
from knowledge.library import hash_of
from knowledge.loaders import can_load
from knowledge.store import DocumentInfo, DocumentKey

Outcome = Literal["added", "changed", "removed", "skipped", "failed"]
Progress = Callable[[int, int, str, Outcome], None]

MAX_FILE_BYTES = 20_000_000


class Destination(Protocol):
    """Where documents go: the library in this process, or the one of a running desk."""

    async def listing(self, folder: str | None = None) -> list[DocumentInfo]: ...
    async def put(self, key: DocumentKey, data: bytes) -> DocumentInfo: ...
    async def remove(self, document_id: str) -> None: ...


@dataclass
class Report:
    """What became of the files. Unchanged ones are skipped; files of no known format are ignored."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)

    def merge(self, other: "Report", folder: str) -> None:
        """Add a folder's report to this one."""
        for outcome in ("added", "changed", "removed", "skipped", "ignored"):
            getattr(self, outcome).extend(f"{folder}/{name}" for name in getattr(other, outcome))
        self.failed.update({f"{folder}/{name}": reason for name, reason in other.failed.items()})


async def ingest(
    path: Path,
    folder: str,
    destination: Destination,
    *,
    prune: bool = False,
    progress: Progress | None = None,
    max_bytes: int = MAX_FILE_BYTES,
) -> Report:
    """Index a file, or every file below a directory, into a folder of the library.

    What an earlier ingestion of the same directory brought and is no longer there is removed; with `prune`, so is
    everything else in the folder that is not in this directory.
    """
    found = await asyncio.to_thread(_scan, path)
    files, source = found.files, str(found.root)
    known = {(info.source, info.path): info for info in await destination.listing(folder)}
    if not files and not found.unreadable:
        _check_emptied(path, brought=sum(known_source == source for known_source, _ in known), prune=prune)
    gone = _gone(known, source, {name for name, _ in files}, prune=prune) if found.is_whole else []
    report = Report(ignored=found.ignored, failed=found.unreadable)
    total = len(files) + len(gone)
    for number, (name, file) in enumerate(files, start=1):
        outcome = await _bring(
            file, DocumentKey(folder, source, name), known.get((source, name)), destination, report, max_bytes
        )
        if progress:
            progress(number, total, _printable(name), outcome)
    for number, info in enumerate(gone, start=len(files) + 1):
        await destination.remove(info.id)
        report.removed.append(info.path)
        if progress:
            progress(number, total, info.path, "removed")
    return report


async def _bring(
    file: Path,
    key: DocumentKey,
    known: DocumentInfo | None,
    destination: Destination,
    report: Report,
    max_bytes: int,
) -> Outcome:
    try:
        _check_name(key.path)
        data = await asyncio.to_thread(_read, file, max_bytes)
        if known and known.content_hash == hash_of(data):
            report.skipped.append(key.path)
            return "skipped"
        await destination.put(key, data)
    except DocumentUnreadable as error:
        report.failed[_printable(key.path)] = error.message
        return "failed"
    (report.changed if known else report.added).append(key.path)
    return "changed" if known else "added"


def _check_emptied(path: Path, *, brought: int, prune: bool) -> None:
    """A directory that held documents and is empty may only be a disk that is not there today."""
    if not brought:
        raise DocumentsNotFound(f"{path} holds no document of a known format")
    if not prune:
        raise DocumentsNotFound(f"{path} holds no document any more; --prune removes the {brought} that it brought")


def _check_name(name: str) -> None:
    if not name.isprintable():
        raise DocumentUnreadable("the file's name holds characters that cannot be printed; rename it")


def _printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def _read(file: Path, max_bytes: int) -> bytes:
    try:
        size = file.stat().st_size
        if size > max_bytes:
            raise DocumentUnreadable(f"{size:,} bytes; the limit is {max_bytes:,}")
        return file.read_bytes()
    except OSError as error:
        raise DocumentUnreadable(f"cannot be read: {error.strerror}") from error


@dataclass
class _Found:
    """What lies below a root. It is whole if it is a directory and all of it could be looked at."""

    root: Path
    files: list[tuple[str, Path]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    is_whole: bool = False


def _scan(path: Path) -> _Found:
    """The files of known formats by their path below the root, and the names of the others."""
    if not path.exists():
        raise DocumentsNotFound(f"{path} does not exist")
    if path.is_file():
        return _Found(path.resolve().parent, [(path.name, path.resolve())])
    found = _Found(path.resolve())
    for file in sorted(_walk(found)):
        name = file.relative_to(found.root).as_posix()
        if can_load(name):
            found.files.append((name, file))
        else:
            found.ignored.append(name)
    # What lies below a directory that cannot be read is not gone.
    found.is_whole = not found.unreadable
    return found


def _walk(found: _Found) -> Iterator[Path]:
    """Regular files below the root; hidden ones and links that lead out of it are left alone."""

    def note(error: OSError) -> None:
        name = Path(str(error.filename)).relative_to(found.root).as_posix()
        found.unreadable[f"{name}/"] = f"cannot be read: {error.strerror}"

    for directory, below, names in os.walk(found.root, onerror=note):
        below[:] = [name for name in below if not name.startswith(".")]
        for file in (Path(directory, name) for name in names if not name.startswith(".")):
            if Path(os.path.realpath(file)).is_relative_to(found.root) and file.is_file():
                yield file


def _gone(
    known: dict[tuple[str, str], DocumentInfo], source: str, present: set[str], *, prune: bool
) -> list[DocumentInfo]:
    return [
        info
        for (known_source, name), info in known.items()
        if (prune or known_source == source) and (known_source != source or name not in present)
    ]
