"""Long work on documents, as runs: bringing in an archive, and cutting and embedding again what is stored."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from agents.assistant import Outcome as Ended
from agents.assistant import Turn
from agents.events import Event, Reset, Token
from agents.floor import Emit
from agents.tracing import Step, step
from knowledge.errors import DocumentUnknown, DocumentUnreadable, TooManyDocuments
from knowledge.ingest import Outcome, Report, ingest
from knowledge.library import Library
from knowledge.store import DocumentInfo, DocumentKey

INDEXING = "documents"


class Order(BaseModel):
    """What a run of this kind is to do; stored with it. `archive` is the name that an upload came by."""

    work: Literal["archive", "reindex"]
    folder: str | None = None
    archive: str = ""
    source: str = ""
    owner: str = ""
    limit: int | None = None


class Indexing:
    """Answers for the run engine, as the assistant does: with steps that tell how far it is, then with a report."""

    def __init__(self, library: Library, uploads: Path, max_bytes: int) -> None:
        self._library = library
        self._uploads = uploads
        self._max_bytes = max_bytes

    def place(self, run_id: str, name: str) -> Path:
        """Where an archive waits for its run."""
        return self._uploads / run_id / name

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
        await asyncio.to_thread(self._forget, turn)
        yield Token(content=_told(report), agent=INDEXING)
        yield Ended("stop")

    async def leave(self, turn: Turn, said: str) -> None:
        """A run that is given up needs its archive no more; the documents that it brought stay."""
        await asyncio.to_thread(self._forget, turn)

    async def _work(self, order: Order, run_id: str, emit: Emit) -> Report:
        with step(emit, "sequential", order.work, agent=INDEXING) as whole:
            if order.work == "reindex":
                return await self._read_again(order.folder, whole)
            destination = _Owned(self._library, order, str(self._uploads / run_id))
            report = await ingest(
                self.place(run_id, order.archive),
                order.folder or "",
                destination,
                progress=_progress(whole),
                max_bytes=self._max_bytes,
            )
            whole.output = _counts(report)
            return report

    async def _read_again(self, folder: str | None, whole: Step) -> Report:
        documents = [info for info in await self._library.everything() if folder in (None, info.folder)]
        report, progress = Report(), _progress(whole)
        for number, document in enumerate(documents, start=1):
            try:
                await self._library.read_again(document)
            except DocumentUnknown:
                # Removed meanwhile, or there is a new version, which is cut and embedded as it should be.
                report.skipped.append(document.path)
            else:
                report.changed.append(document.path)
            progress(number, len(documents), document.path, "changed")
        whole.output = _counts(report)
        return report

    def _forget(self, turn: Turn) -> None:
        directory = self._uploads / turn.run_id
        for file in directory.glob("*"):
            file.unlink(missing_ok=True)
        if directory.is_dir():
            directory.rmdir()


class _Owned:
    """A library to which an ingestion brings documents as if they had been uploaded one by one."""

    def __init__(self, library: Library, order: Order, root: str) -> None:
        self._library = library
        self._order = order
        self._root = root

    async def listing(self, folder: str | None = None) -> list[DocumentInfo]:
        """What the same user uploaded by the same source."""
        found = await self._library.listing(folder, owner=self._order.owner)
        whose = (self._order.source, self._order.owner)
        return [replace(info, source=self._root) for info in found if (info.source, info.owner) == whose]

    async def put(self, key: DocumentKey, data: bytes) -> DocumentInfo:
        """As long as its user may have more."""
        own = replace(key, source=self._order.source, owner=self._order.owner)
        try:
            return await self._library.put(own, data, most=self._order.limit)
        except TooManyDocuments as error:
            # What else the archive holds may replace what is there.
            raise DocumentUnreadable(error.message) from error

    async def move(self, document: DocumentInfo, path: str, data: bytes) -> DocumentInfo:
        """Within the archive."""
        return await self._library.move(replace(document, source=self._order.source), path, data)

    async def remove(self, document_id: str) -> None:
        """What a new version of the archive does not hold any more."""
        await self._library.remove(document_id, owner=self._order.owner)


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


def _told(report: Report) -> str:
    failures = [f"- {name}: {reason}" for name, reason in report.failed.items()]
    ignored = [f"- {name}: not a known format" for name in report.ignored]
    return "\n".join([f"{_counts(report)}.", *failures, *ignored])
