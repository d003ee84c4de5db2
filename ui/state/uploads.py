"""The state of uploads: files on their way to the server, and the outcome of each."""

from collections.abc import AsyncIterator
from typing import Any, Literal, TypedDict

import reflex as rx

from frontdesk import AsyncDesk
from frontdesk.client.errors import ClientError
from ui.documents import indexing_progress
from ui.documents.upload_stream import FILES_AT_ONCE, UploadedFile, assemble_files, format_megabytes
from ui.state.knowledge import Knowledge
from ui.state.session import Session, client_for, report_error

_KEPT = 200
# File systems allow no longer ones.
_LONGEST_NAME = 255
_TOO_MANY = f"more than {FILES_AT_ONCE} files at once; send fewer, or a zip archive"


Status = Literal["reading", "added", "failed"]


class UploadRow(TypedDict):
    """The status of one file."""

    number: int
    name: str
    status: Status
    detail: str
    lines: list[str]


class Uploads(rx.State):
    """One drop of files at a time; each is passed to the API before the next one is read."""

    rows: list[UploadRow] = []
    busy: bool = False
    sent: int = 0
    done: float = 0.0

    _number: int = 0

    @rx.var
    def summary(self) -> str:
        """The summary, once all files are done."""
        if self.busy or not self.rows:
            return ""
        failed = sum(row["status"] == "failed" for row in self.rows)
        return f"{len(self.rows) - failed} of {len(self.rows)} files added" + (f", {failed} failed." if failed else ".")

    @rx.event
    def clear_list(self) -> None:
        """Dismiss the results."""
        self.rows = []

    @rx.event
    def record_progress(self, sent: dict[str, float]) -> None:
        """Record how much of all files the browser has sent."""
        self.sent = round(100 * sent.get("progress", 0))

    @rx.event
    async def list_rejected(self, names: list[str], codes: list[str]) -> None:
        """List the files that the page does not send, with the reason."""
        most = format_megabytes((await self.get_state(Knowledge)).document_bytes)
        for name, code in zip(names[:_KEPT], codes, strict=False):
            detail = f"larger than {most}, the most that this desk reads" if code == "file-too-large" else _TOO_MANY
            self._show_row(self._new_row(name, "failed", detail))

    @rx.event(background=True)
    async def receive_files(self, chunks: rx.UploadChunkIterator) -> Any:
        """Receive files from the browser, which waits while one is being processed."""
        async with self:
            session = await self.get_state(Session)
            knowledge = await self.get_state(Knowledge)
            desk, folder = client_for(session), knowledge.into
            self.busy, self.sent = True, 0
        try:
            async with desk:
                await self._add_files(desk, folder, chunks)
        except ClientError as error:
            async with self:
                report_error(await self.get_state(Session), error)
        finally:
            async with self:
                self.busy = False
                self.rows = [_failed_if_reading(row) for row in self.rows]
        return Knowledge.load_documents

    async def _add_files(self, desk: AsyncDesk, folder: str, chunks: AsyncIterator[Any]) -> None:
        # Fails for users without access before any file is read.
        most = (await desk.info()).limits.document_bytes
        async for file in assemble_files(chunks, most):
            async with self:
                self.done = 0.0
                row = self._new_row(file.name, "reading", "being read")
                self._show_row(row)
            row = await self._send_file(desk, folder, file, most, row)
            async with self:
                self._show_row(row)

    async def _send_file(
        self, desk: AsyncDesk, folder: str, file: UploadedFile, most: int, row: UploadRow
    ) -> UploadRow:
        if file.data is None:
            return _as_failed(
                row, f"{format_megabytes(file.size)}; this desk reads files of up to {format_megabytes(most)}"
            )
        try:
            if file.is_archive:
                run = await desk.put_archive(file.data, folder, file.name)
                report = await indexing_progress.follow_indexing(desk.follow(run.run_id), self._show_progress)
                return {
                    **row,
                    "status": "failed" if report.failed else "added",
                    "detail": report.summary,
                    "lines": report.lines,
                }
            document = await desk.put_document(file.data, folder, file.name)
        except ClientError as error:
            return _as_failed(row, error.message)
        change = "added to" if document.version == 1 else f"version {document.version} in"
        return {**row, "status": "added", "detail": f"{change} {document.folder}"}

    async def _show_progress(self, done: float) -> None:
        async with self:
            self.done = done

    def _new_row(self, name: str, status: Status, detail: str) -> UploadRow:
        self._number += 1
        return UploadRow(
            number=self._number, name=name.removeprefix("./")[:_LONGEST_NAME], status=status, detail=detail, lines=[]
        )

    def _show_row(self, row: UploadRow) -> None:
        others = [other for other in self.rows if other["number"] != row["number"]]
        self.rows = sorted([*others, row], key=lambda one: one["number"])[-_KEPT:]


def _failed_if_reading(row: UploadRow) -> UploadRow:
    """Mark a file that was in progress when the upload broke off as failed."""
    return _as_failed(row, "broke off; send it again") if row["status"] == "reading" else row


def _as_failed(row: UploadRow, detail: str) -> UploadRow:
    return {**row, "status": "failed", "detail": detail}
