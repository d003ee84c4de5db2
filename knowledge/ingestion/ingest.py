"""Bring a folder of files into a library: only what is new or changed is read, and every file's fate is reported.

Several files are under way at once, so that reading, embedding and storing overlap and small documents are embedded
together. Each document is stored whole, so an ingestion that was killed is finished by the next one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeVar

from knowledge.errors import DocumentsNotFound, DocumentUnknown, DocumentUnreadable
from knowledge.ingestion.discovery import Candidate, Found, find
from knowledge.library import hash_of
from knowledge.storage.documents import DocumentInfo, DocumentKey
from knowledge.text.paths import checked_path

T = TypeVar("T")
Outcome = Literal["added", "changed", "moved", "removed", "skipped", "failed"]
Progress = Callable[[int, int, str, Outcome], None]
# What the last pass found each file to be like.
Seen = dict[str, tuple[int, ...]]

MAX_FILE_BYTES = 20_000_000
_AT_ONCE = 24
# Files that fill batches by themselves would fill the memory too if there were many of them at once.
_LARGE_BYTES = 500_000
_LARGE_AT_ONCE = 2


class Destination(Protocol):
    """Where documents go: the library in this process, or the one of a running desk."""

    async def listing(self, folder: str | None = None) -> list[DocumentInfo]: ...
    async def put(self, key: DocumentKey, data: bytes) -> DocumentInfo: ...
    async def move(self, document: DocumentInfo, path: str, data: bytes) -> DocumentInfo: ...
    async def remove(self, document_id: str) -> None: ...


@dataclass
class Report:
    """What became of the files. Unchanged ones are skipped; files of no known format are ignored."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)

    def merge(self, other: "Report", folder: str) -> None:
        """Add a folder's report to this one."""
        for outcome in ("added", "changed", "moved", "removed", "skipped", "ignored"):
            getattr(self, outcome).extend(f"{folder}/{name}" for name in getattr(other, outcome))
        self.failed.update({f"{folder}/{name}": reason for name, reason in other.failed.items()})

    def sort(self) -> None:
        """By name, whatever the order in which files were done."""
        for names in (self.added, self.changed, self.moved, self.removed, self.skipped, self.ignored):
            names.sort()
        self.failed = dict(sorted(self.failed.items()))


async def ingest(
    path: Path,
    folder: str,
    destination: Destination,
    *,
    prune: bool = False,
    progress: Progress | None = None,
    max_bytes: int = MAX_FILE_BYTES,
    seen: Seen | None = None,
) -> Report:
    """Index a file, or every file below a directory or in an archive, into a folder of the library.

    What an earlier ingestion of the same directory brought and is no longer there is removed; with `prune`, so is
    everything else in the folder that is not in this directory. With `seen`, which is brought up to date, files that
    nobody has written to since are not even read.
    """
    found = await asyncio.to_thread(find, path, max_bytes)
    try:
        known = await destination.listing(folder)
        _check_emptied(path, found, known, prune=prune)
        return await _Ingestion(folder, found, known, destination, prune, progress, {} if seen is None else seen).run()
    finally:
        found.close()


class _Ingestion:
    """One pass over what was found."""

    def __init__(
        self,
        folder: str,
        found: Found,
        known: list[DocumentInfo],
        destination: Destination,
        prune: bool,
        progress: Progress | None,
        seen: Seen,
    ) -> None:
        self._folder, self._source = folder, str(found.root)
        self._candidates = found.candidates
        self._destination = destination
        self._progress = progress
        self._seen = seen
        self._known = {info.path: info for info in known if info.source == self._source}
        self._gone = {path: self._known[path] for path in found.missing(self._known)}
        self._gone_by_hash = {info.content_hash: info for info in self._gone.values()}
        self._elsewhere = (
            [info for info in known if info.source != self._source] if prune and found.covers is not None else []
        )
        self._large = asyncio.Semaphore(_LARGE_AT_ONCE)
        self._report = Report(ignored=[_printable(name) for name in found.ignored])
        self._report.failed = {_printable(name): reason for name, reason in found.refused.items()}
        self._done, self._total = 0, len(found.candidates) + len(self._gone) + len(self._elsewhere)

    async def run(self) -> Report:
        """Bring in what is new, then forget what is gone."""
        for name in self._seen.keys() - {candidate.name for candidate in self._candidates}:
            del self._seen[name]
        await _in_parallel(self._take, self._candidates)
        # What has only moved is not gone.
        await _in_parallel(self._remove, [*self._gone.values(), *self._elsewhere])
        self._report.sort()
        return self._report

    async def _take(self, candidate: Candidate) -> None:
        if self._seen.get(candidate.name) == candidate.stamp:
            outcome: Outcome = "skipped"
        elif candidate.size > _LARGE_BYTES:
            async with self._large:
                outcome = await self._bring(candidate)
        else:
            outcome = await self._bring(candidate)
        self._seen[candidate.name] = candidate.stamp
        if outcome != "failed":
            getattr(self._report, outcome).append(candidate.name)
        self._tell(candidate.name, outcome)

    async def _bring(self, candidate: Candidate) -> Outcome:
        name, known = candidate.name, self._known.get(candidate.name)
        try:
            _check_name(name)
            data = await asyncio.to_thread(candidate.read)
            content_hash = hash_of(data)
            if known and known.content_hash == content_hash:
                return "skipped"
            if not known and (gone := self._gone_by_hash.pop(content_hash, None)):
                self._total -= 1
                del self._gone[gone.path]
                with suppress(DocumentUnknown):  # somebody else has removed it meanwhile, so this one is new
                    await self._destination.move(gone, name, data)
                    return "moved"
            await self._destination.put(DocumentKey(self._folder, self._source, name), data)
        except DocumentUnreadable as error:
            self._report.failed[_printable(name)] = error.message
            return "failed"
        return "changed" if known else "added"

    async def _remove(self, gone: DocumentInfo) -> None:
        with suppress(DocumentUnknown):  # somebody else has removed it meanwhile
            await self._destination.remove(gone.id)
        self._report.removed.append(gone.path)
        self._tell(gone.path, "removed")

    def _tell(self, name: str, outcome: Outcome) -> None:
        self._done += 1
        if self._progress:
            self._progress(self._done, self._total, _printable(name), outcome)


async def _in_parallel(work: Callable[[T], Awaitable[None]], items: Iterable[T]) -> None:
    """A few at a time; the first error ends them all."""
    waiting = iter(items)

    async def take_turns() -> None:
        for item in waiting:
            await work(item)

    turns = [asyncio.create_task(take_turns()) for _ in range(_AT_ONCE)]
    try:
        await asyncio.gather(*turns)
    finally:
        for turn in turns:
            turn.cancel()
        await asyncio.gather(*turns, return_exceptions=True)


def _check_emptied(path: Path, found: Found, known: list[DocumentInfo], *, prune: bool) -> None:
    """A directory that held documents and is empty may only be a disk that is not there today."""
    if found.candidates or found.unseen:
        return
    brought = len(found.missing(info.path for info in known if info.source == str(found.root)))
    if brought and not prune:
        raise DocumentsNotFound(f"{path} holds no document any more; --prune removes the {brought} that it brought")
    if not brought and not found.refused:
        raise DocumentsNotFound(f"{path} holds no document of a known format")


def _check_name(name: str) -> None:
    try:
        checked_path(name)
    except ValueError as error:
        raise DocumentUnreadable(f"the file's path {error}; rename it") from error


def _printable(name: str) -> str:
    """As a terminal may be shown it: a name could hold what moves its cursor."""
    return name if name.isprintable() else name.encode("unicode_escape").decode()
