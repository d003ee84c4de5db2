"""The state of uploads: files on their way to the server, and the outcome of each."""

from collections.abc import AsyncIterator
from typing import Any, Literal, TypedDict

import reflex as rx

from frontdesk import AsyncDesk
from frontdesk.client.errors import ClientError
from ui.documents import indexing_progress
from ui.documents.upload_stream import FILES_AT_ONCE, UploadedFile, megabytes, whole
from ui.state.knowledge import Knowledge
from ui.state.session import Session, desk_of, refuse

_KEPT = 200
# File systems allow no longer ones.
_LONGEST_NAME = 255
_TOO_MANY = f"more than {FILES_AT_ONCE} files at once; send fewer, or a zip archive"


Status = Literal["reading", "added", "failed"]


class Fate(TypedDict):
    """The status of one file."""

    number: int
    name: str
    status: Status
    told: str
    lines: list[str]


class Uploads(rx.State):
    """One drop of files at a time; each is passed to the API before the next one is read."""

    fates: list[Fate] = []
    busy: bool = False
    sent: int = 0
    done: float = 0.0

    _number: int = 0

    @rx.var
    def summary(self) -> str:
        """The summary, once all files are done."""
        if self.busy or not self.fates:
            return ""
        failed = sum(fate["status"] == "failed" for fate in self.fates)
        return f"{len(self.fates) - failed} of {len(self.fates)} files added" + (
            f", {failed} failed." if failed else "."
        )

    @rx.event
    def clear(self) -> None:
        """Dismiss the results."""
        self.fates = []

    @rx.event
    def progress(self, sent: dict[str, float]) -> None:
        """Record how much of all files the browser has sent."""
        self.sent = round(100 * sent.get("progress", 0))

    @rx.event
    async def refuse(self, names: list[str], codes: list[str]) -> None:
        """List the files that the page does not send, with the reason."""
        most = megabytes((await self.get_state(Knowledge)).document_bytes)
        for name, code in zip(names[:_KEPT], codes, strict=False):
            told = f"larger than {most}, the most that this desk reads" if code == "file-too-large" else _TOO_MANY
            self._tell(self._fate(name, "failed", told))

    @rx.event(background=True)
    async def receive(self, chunks: rx.UploadChunkIterator) -> Any:
        """Receive files from the browser, which waits while one is being processed."""
        async with self:
            session = await self.get_state(Session)
            knowledge = await self.get_state(Knowledge)
            desk, folder = desk_of(session), knowledge.into
            self.busy, self.sent = True, 0
        try:
            async with desk:
                await self._take(desk, folder, chunks)
        except ClientError as error:
            async with self:
                refuse(await self.get_state(Session), error)
        finally:
            async with self:
                self.busy = False
                self.fates = [_ended(fate) for fate in self.fates]
        return Knowledge.refresh

    async def _take(self, desk: AsyncDesk, folder: str, chunks: AsyncIterator[Any]) -> None:
        # Fails for users without access before any file is read.
        most = (await desk.info()).limits.document_bytes
        async for file in whole(chunks, most):
            async with self:
                self.done = 0.0
                fate = self._fate(file.name, "reading", "being read")
                self._tell(fate)
            fate = await self._bring(desk, folder, file, most, fate)
            async with self:
                self._tell(fate)

    async def _bring(self, desk: AsyncDesk, folder: str, file: UploadedFile, most: int, fate: Fate) -> Fate:
        if file.data is None:
            return _failed(fate, f"{megabytes(file.size)}; this desk reads files of up to {megabytes(most)}")
        try:
            if file.is_archive:
                run = await desk.put_archive(file.data, folder, file.name)
                report = await indexing_progress.followed(desk.follow(run.run_id), self._advance)
                return {
                    **fate,
                    "status": "failed" if report.failed else "added",
                    "told": report.said,
                    "lines": report.lines,
                }
            document = await desk.put_document(file.data, folder, file.name)
        except ClientError as error:
            return _failed(fate, error.message)
        change = "added to" if document.version == 1 else f"version {document.version} in"
        return {**fate, "status": "added", "told": f"{change} {document.folder}"}

    async def _advance(self, done: float) -> None:
        async with self:
            self.done = done

    def _fate(self, name: str, status: Status, told: str) -> Fate:
        self._number += 1
        return Fate(
            number=self._number, name=name.removeprefix("./")[:_LONGEST_NAME], status=status, told=told, lines=[]
        )

    def _tell(self, fate: Fate) -> None:
        others = [other for other in self.fates if other["number"] != fate["number"]]
        self.fates = sorted([*others, fate], key=lambda one: one["number"])[-_KEPT:]


def _ended(fate: Fate) -> Fate:
    """Mark a file that was in progress when the upload broke off as failed."""
    return _failed(fate, "broke off; send it again") if fate["status"] == "reading" else fate


def _failed(fate: Fate, told: str) -> Fate:
    return {**fate, "status": "failed", "told": told}
