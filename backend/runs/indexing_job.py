"""Long work on documents, as runs: import an archive, or chunk and embed the stored documents again."""

import asyncio
import errno
import shutil
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from agents.assistant import AnswerOutcome as Ended
from agents.assistant import AssistantRequest
from agents.graph.answer_stream import Emit
from agents.tracing import TraceStep, trace_step
from backend.storage.uploads import UploadStore
from frontdesk.contracts.events import Event, Reset, Token
from knowledge.errors import DocumentsNotFound, DocumentUnknown, DocumentUnreadable, OwnQuotaReached, StorageFull
from knowledge.ingestion.ingest import IngestionReport, Outcome, ingest
from knowledge.library import Library
from knowledge.storage.documents import DocumentInfo, DocumentKey
from knowledge.storage.quota import OwnerQuota

INDEXING = "documents"
# An upload's own name is for the paths of its documents; a file system may not take it.
_ARCHIVE = "archive.zip"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class IndexingOrder(BaseModel):
    """The job of an indexing run, stored with it.

    `archive` is the path that an upload came by; documents chunked after `since` are not chunked again after a restart.
    """

    work: Literal["archive", "reindex"]
    folder: str | None = None
    since: float = 0.0
    archive: str = ""
    source: str = ""
    owner: str = ""
    quota: OwnerQuota | None = None


class IndexingJob:
    """The counterpart of the assistant for indexing runs: streams steps that show the progress, then a report."""

    def __init__(self, library: Library, uploads: UploadStore, unpacked: Path, max_bytes: int) -> None:
        self._library = library
        self._uploads = uploads
        self._unpacked = unpacked.resolve()
        self._max_bytes = max_bytes

    async def keep(self, run_id: str, data: bytes) -> None:
        """Store an archive for its run."""
        await self._uploads.save_upload(run_id, data)

    async def drop(self, run_id: str) -> None:
        """Delete the archive of a run."""
        await self._uploads.delete_upload(run_id)
        await asyncio.to_thread(shutil.rmtree, self._unpacked / run_id, ignore_errors=True)

    async def sweep(self, needed: Collection[str]) -> None:
        """Delete the archives that an earlier process has left behind, except those of the runs that go on.

        Earlier releases kept archives as files; these are stored now.
        """
        for directory in await asyncio.to_thread(_directories, self._unpacked):
            run_id, archive = directory.name, directory / _ARCHIVE
            if run_id in needed and archive.exists() and await self._uploads.read_upload(run_id) is None:
                await self.keep(run_id, await asyncio.to_thread(archive.read_bytes))
            await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
        await self._uploads.delete_other_uploads(needed)

    async def stream(self, turn: AssistantRequest) -> AsyncGenerator[Event | Ended]:
        """Stream the events of one run; work that was done before a restart is not repeated."""
        if turn.said is not None:
            yield Reset(reason="the desk was restarted in the middle of this")
        order = IndexingOrder.model_validate_json(turn.request or "{}")
        events: asyncio.Queue[Event | None] = asyncio.Queue()
        working = asyncio.create_task(self._work(order, turn.run_id, events.put_nowait))
        working.add_done_callback(lambda _: events.put_nowait(None))
        try:
            while (event := await events.get()) is not None:
                yield event
            report = await working
        finally:
            working.cancel()
            await asyncio.wait([working])
        await self.drop(turn.run_id)
        yield Token(content=_told(report, order.archive), agent=INDEXING)
        yield Ended("stop")

    async def leave(self, turn: AssistantRequest, said: str) -> None:
        """Delete the archive of a run that is given up; the documents that it has imported stay."""
        await self.drop(turn.run_id)

    async def _work(self, order: IndexingOrder, run_id: str, emit: Emit) -> IngestionReport:
        with trace_step(emit, "sequential", order.work, agent=INDEXING) as whole:
            if order.work == "reindex":
                report = await self._read_again(order, whole)
            else:
                archive = await self._unpack(run_id)
                report = await ingest(
                    archive,
                    order.folder or "",
                    _Uploaded(self._library, order, str(archive.parent)),
                    progress=_progress(whole),
                    max_bytes=self._max_bytes,
                )
            whole.output = _counts(report)
            return report

    async def _unpack(self, run_id: str) -> Path:
        """Write the archive of a run to a file, from which its members are read one by one."""
        data = await self._uploads.read_upload(run_id)
        if data is None:
            raise DocumentsNotFound("the archive is not stored any more; send it again")
        return await asyncio.to_thread(_write_archive, self._unpacked / run_id / _ARCHIVE, data)

    async def _read_again(self, order: IndexingOrder, whole: TraceStep) -> IngestionReport:
        report, progress, done = IngestionReport(), _progress(whole), 0
        before = -1
        # A document that is moved meanwhile has another id, and is found again.
        while (documents := await self._library.cut_before(order.since, order.folder)) and done != before:
            before, total = done, done + len(documents)
            for document in documents:
                # Removed or moved meanwhile, or replaced by a new version, which is chunked as it should be.
                with suppress(DocumentUnknown):
                    try:
                        await self._library.read_again(document)
                    except DocumentUnreadable as error:
                        report.failed[document.path] = error.message
                        continue
                    report.changed.append(document.path)
                    done += 1
                    progress(done, total, document.path, "changed")
        return report


def _directories(place: Path) -> list[Path]:
    return list(place.iterdir()) if place.is_dir() else []


def _write_archive(place: Path, data: bytes) -> Path:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull(f"the archive cannot be unpacked ({error.strerror}); free some room") from error
        raise
    return place


class _Uploaded:
    """A library in which an ingestion stores documents as if they had been uploaded one by one."""

    def __init__(self, library: Library, order: IndexingOrder, root: str) -> None:
        self._library = library
        self._order = order
        self._root = root

    async def listing(self, folder: str | None = None) -> list[DocumentInfo]:
        """Return the documents that the same user uploaded from this archive under the same source."""
        found = await self._library.listing(folder, owner=self._order.owner)
        whose = (self._order.source, self._order.owner)
        return [
            replace(info, source=self._root, path=_ARCHIVE + info.path.removeprefix(self._order.archive))
            for info in found
            if (info.source, info.owner) == whose and info.path.startswith(f"{self._order.archive}/")
        ]

    async def put(self, key: DocumentKey, data: bytes) -> DocumentInfo:
        """Store a document, as long as the quota of its user allows it."""
        own = replace(key, source=self._order.source, owner=self._order.owner, path=self._named(key.path))
        try:
            return await self._library.put(own, data, quota=self._order.quota)
        except OwnQuotaReached as error:
            # Other members of the archive may replace stored documents, so the ingestion goes on.
            raise DocumentUnreadable(error.message) from error

    async def move(self, document: DocumentInfo, path: str, data: bytes) -> DocumentInfo:
        """Move a document within the archive."""
        stored = replace(document, source=self._order.source, path=self._named(document.path))
        return await self._library.move(stored, self._named(path), data)

    async def remove(self, document_id: str) -> None:
        """Delete a document that a new version of the archive does not hold any more."""
        await self._library.remove(document_id, owner=self._order.owner)

    def _named(self, path: str) -> str:
        """Put the name under which the archive was uploaded in place of its file name."""
        return self._order.archive + path.removeprefix(_ARCHIVE)


def _progress(whole: TraceStep) -> Callable[[int, int, str, Outcome], None]:
    """Return a callback that reports each percent of progress; without names, since some documents are private."""
    told = 0

    def tell(number: int, total: int, name: str, outcome: Outcome) -> None:
        nonlocal told
        if 100 * number // total > told:
            told = 100 * number // total
            whole.emit_progress(number / total)

    return tell


def _counts(report: IngestionReport) -> str:
    outcomes = ("added", "changed", "moved", "removed", "skipped", "failed", "ignored")
    counts = [f"{len(getattr(report, outcome))} {outcome}" for outcome in outcomes if getattr(report, outcome)]
    return ", ".join(counts) or "nothing to do"


def _told(report: IngestionReport, archive: str) -> str:
    def named(line: str) -> str:
        return archive + line.removeprefix(_ARCHIVE) if line.startswith(_ARCHIVE) else line

    failures = [f"- {named(name)}: {reason}" for name, reason in report.failed.items()]
    ignored = [f"- {named(line)}" for line in report.ignored_lines()]
    return "\n".join([f"{_counts(report)}.", *failures, *ignored])
