"""Long work on documents, as runs: bringing in an archive, and cutting and embedding again what is stored."""

import asyncio
import errno
import shutil
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from agents.assistant import Outcome as Ended
from agents.assistant import Turn
from agents.graph.answer_stream import Emit
from agents.tracing import Step, step
from frontdesk.contracts.events import Event, Reset, Token
from knowledge.errors import DocumentUnknown, DocumentUnreadable, OwnQuotaReached, StorageFull
from knowledge.ingestion.ingest import Outcome, Report, ingest
from knowledge.library import Library
from knowledge.storage.documents import DocumentInfo, DocumentKey
from knowledge.storage.quota import Quota

INDEXING = "documents"
# What an upload is called is for its documents; a file system may not take it.
_ARCHIVE = "archive.zip"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Order(BaseModel):
    """What a run of this kind is to do; stored with it.

    `archive` is the path that an upload came by; what was cut `since` is not cut again after a restart."""

    work: Literal["archive", "reindex"]
    folder: str | None = None
    since: float = 0.0
    archive: str = ""
    source: str = ""
    owner: str = ""
    quota: Quota | None = None


class Indexing:
    """Answers for the run engine, as the assistant does: with steps that tell how far it is, then with a report."""

    def __init__(self, library: Library, uploads: Path, max_bytes: int) -> None:
        self._library = library
        self._uploads = uploads.resolve()
        self._max_bytes = max_bytes

    def keep(self, run_id: str, data: bytes) -> None:
        """Lay an archive where its run will look for it."""
        place = self._uploads / run_id / _ARCHIVE
        try:
            place.parent.mkdir(parents=True)
            place.write_bytes(data)
        except OSError as error:
            self.drop(run_id)
            if error.errno in _FULL:
                raise StorageFull(f"the archive cannot be stored ({error.strerror}); free some room") from error
            raise

    def drop(self, run_id: str) -> None:
        """Nobody needs that archive any more."""
        shutil.rmtree(self._uploads / run_id, ignore_errors=True)

    def sweep(self, needed: Collection[str]) -> None:
        """Drop what a process that is gone has left behind, but for the runs that go on."""
        if self._uploads.is_dir():
            for directory in self._uploads.iterdir():
                if directory.name not in needed:
                    self.drop(directory.name)

    async def stream(self, turn: Turn) -> AsyncGenerator[Event | Ended]:
        """The events of one run. What was done before a restart is found done."""
        if turn.said is not None:
            yield Reset(reason="the desk was restarted in the middle of this")
        order = Order.model_validate_json(turn.request or "{}")
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
        await asyncio.to_thread(self.drop, turn.run_id)
        yield Token(content=_told(report, order.archive), agent=INDEXING)
        yield Ended("stop")

    async def leave(self, turn: Turn, said: str) -> None:
        """A run that is given up needs its archive no more; the documents that it brought stay."""
        await asyncio.to_thread(self.drop, turn.run_id)

    async def _work(self, order: Order, run_id: str, emit: Emit) -> Report:
        with step(emit, "sequential", order.work, agent=INDEXING) as whole:
            if order.work == "reindex":
                report = await self._read_again(order, whole)
            else:
                report = await ingest(
                    self._uploads / run_id / _ARCHIVE,
                    order.folder or "",
                    _Uploaded(self._library, order, str(self._uploads / run_id)),
                    progress=_progress(whole),
                    max_bytes=self._max_bytes,
                )
            whole.output = _counts(report)
            return report

    async def _read_again(self, order: Order, whole: Step) -> Report:
        report, progress, done = Report(), _progress(whole), 0
        before = -1
        # What is moved meanwhile has another id, and is found again.
        while (documents := await self._library.cut_before(order.since, order.folder)) and done != before:
            before, total = done, done + len(documents)
            for document in documents:
                # Removed meanwhile, or moved, or there is a new version, which is cut as it should be.
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


class _Uploaded:
    """A library to which an ingestion brings documents as if they had been uploaded one by one."""

    def __init__(self, library: Library, order: Order, root: str) -> None:
        self._library = library
        self._order = order
        self._root = root

    async def listing(self, folder: str | None = None) -> list[DocumentInfo]:
        """What the same user uploaded by the same source."""
        found = await self._library.listing(folder, owner=self._order.owner)
        whose = (self._order.source, self._order.owner)
        return [
            replace(info, source=self._root, path=_ARCHIVE + info.path.removeprefix(self._order.archive))
            for info in found
            if (info.source, info.owner) == whose and info.path.startswith(f"{self._order.archive}/")
        ]

    async def put(self, key: DocumentKey, data: bytes) -> DocumentInfo:
        """As long as its user may have more."""
        own = replace(key, source=self._order.source, owner=self._order.owner, path=self._named(key.path))
        try:
            return await self._library.put(own, data, quota=self._order.quota)
        except OwnQuotaReached as error:
            # What else the archive holds may replace what is there.
            raise DocumentUnreadable(error.message) from error

    async def move(self, document: DocumentInfo, path: str, data: bytes) -> DocumentInfo:
        """Within the archive."""
        stored = replace(document, source=self._order.source, path=self._named(document.path))
        return await self._library.move(stored, self._named(path), data)

    async def remove(self, document_id: str) -> None:
        """What a new version of the archive does not hold any more."""
        await self._library.remove(document_id, owner=self._order.owner)

    def _named(self, path: str) -> str:
        """As the archive was called by who uploaded it."""
        return self._order.archive + path.removeprefix(_ARCHIVE)


def _progress(whole: Step) -> Callable[[int, int, str, Outcome], None]:
    """A word at each hundredth of the way; names stay out of it, since some documents are somebody's own."""
    told = 0

    def tell(number: int, total: int, name: str, outcome: Outcome) -> None:
        nonlocal told
        if 100 * number // total > told:
            told = 100 * number // total
            whole.update(number / total)

    return tell


def _counts(report: Report) -> str:
    outcomes = ("added", "changed", "moved", "removed", "skipped", "failed", "ignored")
    counts = [f"{len(getattr(report, outcome))} {outcome}" for outcome in outcomes if getattr(report, outcome)]
    return ", ".join(counts) or "nothing to do"


def _told(report: Report, archive: str) -> str:
    def named(name: str) -> str:
        return archive + name.removeprefix(_ARCHIVE)

    failures = [f"- {named(name)}: {reason}" for name, reason in report.failed.items()]
    ignored = [f"- {named(name)}: not a known format" for name in report.ignored]
    return "\n".join([f"{_counts(report)}.", *failures, *ignored])
