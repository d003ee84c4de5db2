"""The incremental ingestion of a folder of files: only new or changed files are parsed, and every outcome is reported.

Several files are processed at once, so that reading, embedding and storing overlap and small documents share a batch of
embedding. Each document is stored atomically, so the next ingestion completes one that was killed.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal, Protocol, TypeVar

from knowledge.errors import (
    DocumentsEmptied,
    DocumentsNotFound,
    DocumentSuperseded,
    DocumentUnknown,
    DocumentUnreadable,
)
from knowledge.ingestion.discovery import CandidateFile, DiscoveredFiles, find_candidates
from knowledge.storage.documents import DocumentInfo, DocumentKey, hash_of
from knowledge.text.paths import checked_path

T = TypeVar("T")
Outcome = Literal["added", "changed", "moved", "removed", "skipped", "failed"]
Progress = Callable[[int, int, str, Outcome], None]
# The stamp of each file at the last pass.
Seen = dict[str, tuple[int, ...]]

MAX_FILE_BYTES = 20_000_000
# How many ignored files and formats a report names; a folder of pictures would flood it.
_MOST_NAMED = 20
_MOST_FORMATS = 8
_AT_ONCE = 24
# Large files fill embedding batches by themselves, and many of them at once would fill the memory.
_LARGE_BYTES = 500_000
_LARGE_AT_ONCE = 2


class Destination(Protocol):
    """The target of an ingestion: the library in this process, or that of a running server."""

    async def listing(self, folder: str | None = None) -> list[DocumentInfo]: ...
    async def put(self, key: DocumentKey, data: bytes) -> DocumentInfo: ...
    async def move(self, document: DocumentInfo, path: str, data: bytes) -> DocumentInfo: ...
    async def remove(self, document_id: str) -> None: ...


@dataclass
class IngestionReport:
    """The outcome of each file. Unchanged files are skipped; files of an unknown format are ignored."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)

    def merge_folder(self, other: "IngestionReport", folder: str) -> None:
        """Add a folder's report to this one."""
        for outcome in ("added", "changed", "moved", "removed", "skipped", "ignored"):
            getattr(self, outcome).extend(f"{folder}/{name}" for name in getattr(other, outcome))
        self.failed.update({f"{folder}/{name}": reason for name, reason in other.failed.items()})

    def ignored_lines(self) -> list[str]:
        """Return a line with the reason for each file that was not read, or of many for the first ones and a count."""
        lines = [f"{name}: not a known format" for name in self.ignored[:_MOST_NAMED]]
        if more := self.ignored[_MOST_NAMED:]:
            lines.append(f"{len(more):,} more files of no known format: {_count_formats(more)}")
        return lines

    def sort_outcomes(self) -> None:
        """Sort the outcomes by name, since files finish in any order."""
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
) -> IngestionReport:
    """Index a file, or every file below a directory or in an archive, into a folder of the library.

    Documents from an earlier ingestion of the same directory whose files are gone are removed; with `prune`, so is
    everything else in the folder that is not in this directory. With `seen`, which is updated, files that nobody has
    written to since are not even read.
    """
    found = await asyncio.to_thread(find_candidates, path, max_bytes)
    try:
        known = await destination.listing(folder)
        _check_emptied(path, found, known, prune=prune)
        return await _Ingestion(
            folder, found, known, destination, prune, progress, {} if seen is None else seen
        ).run_pass()
    finally:
        found.close()


class _Ingestion:
    """A single pass over the files found."""

    def __init__(
        self,
        folder: str,
        found: DiscoveredFiles,
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
        self._gone = {path: self._known[path] for path in found.missing_names(self._known)}
        self._gone_by_hash = {info.content_hash: info for info in self._gone.values()}
        self._elsewhere = (
            [info for info in known if info.source != self._source] if prune and found.covers is not None else []
        )
        self._large = asyncio.Semaphore(_LARGE_AT_ONCE)
        self._report = IngestionReport(ignored=[_printable_name(name) for name in found.ignored])
        self._report.failed = {_printable_name(name): reason for name, reason in found.refused.items()}
        self._done, self._total = 0, len(found.candidates) + len(self._gone) + len(self._elsewhere)

    async def run_pass(self) -> IngestionReport:
        """Store new and changed documents, then remove those whose files are gone."""
        for name in self._seen.keys() - {candidate.name for candidate in self._candidates}:
            del self._seen[name]
        await _in_parallel(self._process_candidate, self._candidates)
        # Only now, when documents whose files have moved are no longer in `_gone`.
        await _in_parallel(self._remove_document, [*self._gone.values(), *self._elsewhere])
        self._report.sort_outcomes()
        return self._report

    async def _process_candidate(self, candidate: CandidateFile) -> None:
        if self._seen.get(candidate.name) == candidate.stamp:
            outcome: Outcome = "skipped"
        elif candidate.size > _LARGE_BYTES:
            async with self._large:
                outcome = await self._store_candidate(candidate)
        else:
            outcome = await self._store_candidate(candidate)
        self._seen[candidate.name] = candidate.stamp
        if outcome != "failed":
            getattr(self._report, outcome).append(candidate.name)
        self._report_progress(candidate.name, outcome)

    async def _store_candidate(self, candidate: CandidateFile) -> Outcome:
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
        except DocumentSuperseded:
            return "skipped"  # somebody else has brought in a newer version meanwhile
        except DocumentUnreadable as error:
            self._report.failed[_printable_name(name)] = error.message
            return "failed"
        return "changed" if known else "added"

    async def _remove_document(self, gone: DocumentInfo) -> None:
        with suppress(DocumentUnknown):  # somebody else has removed it meanwhile
            await self._destination.remove(gone.id)
        self._report.removed.append(gone.path)
        self._report_progress(gone.path, "removed")

    def _report_progress(self, name: str, outcome: Outcome) -> None:
        self._done += 1
        if self._progress:
            self._progress(self._done, self._total, _printable_name(name), outcome)


async def _in_parallel(work: Callable[[T], Awaitable[None]], items: Iterable[T]) -> None:
    """Process the items a few at a time; the first error cancels the rest."""
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


def _check_emptied(path: Path, found: DiscoveredFiles, known: list[DocumentInfo], *, prune: bool) -> None:
    """Refuse an empty directory that held documents: it may be a disk that is not mounted."""
    if found.candidates or found.unseen:
        return
    brought = len(found.missing_names(info.path for info in known if info.source == str(found.root)))
    if brought and not prune:
        raise DocumentsEmptied(
            f"{path} holds no document any more; the {brought} that came from there are kept, "
            "and --prune removes them with all that the agent has from elsewhere"
        )
    if not brought and not found.refused:
        ignored = [_printable_name(name) for name in found.ignored]
        held = f"; not read: {_count_formats(ignored)}" if ignored else ""
        raise DocumentsNotFound(f"{path} holds no document of a known format{held}", ignored)


def _count_formats(names: Iterable[str]) -> str:
    """Count files by format, the most frequent first."""
    counted = Counter(PurePosixPath(name).suffix.lower() or "without a suffix" for name in names).most_common()
    shown = [f"{count:,} {suffix}" for suffix, count in counted[:_MOST_FORMATS]]
    if others := sum(count for _, count in counted[_MOST_FORMATS:]):
        shown.append(f"{others:,} others")
    return ", ".join(shown)


def _check_name(name: str) -> None:
    try:
        checked_path(name)
    except ValueError as error:
        raise DocumentUnreadable(f"the file's path {error}; rename it") from error


def _printable_name(name: str) -> str:
    """Escape a name for display: it could contain control sequences for a terminal."""
    return name if name.isprintable() else name.encode("unicode_escape").decode()
