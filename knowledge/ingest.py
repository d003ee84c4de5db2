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
    path: Path, folder: str, destination: Destination, *, prune: bool = False, progress: Progress | None = None
) -> Report:
    """Index a file, or every file below a directory, into a folder of the library.

    What an earlier ingestion of the same directory brought and is no longer there is removed; with `prune`, so is
    everything else in the folder that is not in this directory.
    """
    root, files, ignored, whole_directory = await asyncio.to_thread(_scan, path)
    source = str(root)
    known = {(info.source, info.path): info for info in await destination.listing(folder)}
    gone = _gone(known, source, {name for name, _ in files}, whole_directory=whole_directory, prune=prune)
    report = Report(ignored=ignored)
    total = len(files) + len(gone)
    for number, (name, file) in enumerate(files, start=1):
        outcome = await _bring(file, DocumentKey(folder, source, name), known.get((source, name)), destination, report)
        if progress:
            progress(number, total, _printable(name), outcome)
    for number, info in enumerate(gone, start=len(files) + 1):
        await destination.remove(info.id)
        report.removed.append(info.path)
        if progress:
            progress(number, total, info.path, "removed")
    return report


async def _bring(
    file: Path, key: DocumentKey, known: DocumentInfo | None, destination: Destination, report: Report
) -> Outcome:
    try:
        _check_name(key.path)
        data = await asyncio.to_thread(_read, file)
        if known and known.content_hash == hash_of(data):
            report.skipped.append(key.path)
            return "skipped"
        await destination.put(key, data)
    except DocumentUnreadable as error:
        report.failed[_printable(key.path)] = error.message
        return "failed"
    (report.changed if known else report.added).append(key.path)
    return "changed" if known else "added"


def _check_name(name: str) -> None:
    if _printable(name) != name:
        raise DocumentUnreadable("the file's name is not UTF-8; rename it")


def _printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def _read(file: Path) -> bytes:
    try:
        size = file.stat().st_size
        if size > MAX_FILE_BYTES:
            raise DocumentUnreadable(f"{size:,} bytes; the limit is {MAX_FILE_BYTES:,}")
        return file.read_bytes()
    except OSError as error:
        raise DocumentUnreadable(f"cannot be read: {error.strerror}") from error


def _scan(path: Path) -> tuple[Path, list[tuple[str, Path]], list[str], bool]:
    """The root, the files of known formats by their path below it, the other names, and whether it is a directory."""
    if not path.exists():
        raise DocumentsNotFound(f"{path} does not exist")
    if path.is_file():
        return path.resolve().parent, [(path.name, path.resolve())], [], False
    root = path.resolve()
    files, ignored = [], []
    for file in _walk(root):
        name = file.relative_to(root).as_posix()
        if can_load(name):
            files.append((name, file))
        else:
            ignored.append(name)
    if not files:
        raise DocumentsNotFound(f"{path} holds no document of a known format")
    return root, files, ignored, True


def _walk(root: Path) -> Iterator[Path]:
    """Regular files below `root` in a fixed order; hidden ones and links that lead out of it are left alone."""
    for file in sorted(root.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
        if not hidden and Path(os.path.realpath(file)).is_relative_to(root) and file.is_file():
            yield file


def _gone(
    known: dict[tuple[str, str], DocumentInfo], source: str, present: set[str], *, whole_directory: bool, prune: bool
) -> list[DocumentInfo]:
    if not whole_directory:
        return []
    return [
        info
        for (known_source, name), info in known.items()
        if (prune or known_source == source) and (known_source != source or name not in present)
    ]
