"""The state of the source viewer: the document behind a source, open at the passage."""

import asyncio
import re
from contextlib import suppress
from typing import Any

import reflex as rx

from frontdesk import AsyncDesk
from frontdesk.client.errors import ClientError
from frontdesk.contracts.resources import DocumentWhole
from ui.documents import highlight
from ui.documents.highlight import HighlightedDocument, HighlightedPart
from ui.state.session import Session, client_for

_SNIPPET_CHARS = 10_000
# A link to another document of the desk.
_LINK = re.compile(r"\]\((?P<target>doc:[^\s()]{1,400})\)")
_TARGET_CHARS = 500
_ID_CHARS = 64
# The API looks up as many links in one request.
_LINKS_AT_ONCE = 50
_MOST_LINKS = 200
_MOST_LINKS_KEPT = 2_000


class SourceViewer(rx.State):
    """The open document; its text is held only while it is open."""

    title: str = ""
    where: str = ""
    version: int = 0
    parts: list[HighlightedPart] = []
    has_beginning: bool = True
    has_end: bool = True
    is_loading: bool = False
    note: str = ""
    # The documents to which links in the open document and in answers lead, by the links' targets.
    links: dict[str, dict[str, str]] = {}
    # The passage, if it is no longer in its document.
    lost: str = ""
    problem: str = ""

    # The number of the latest request; replies to earlier ones are ignored.
    _request_number: int = 0

    @rx.var
    def is_open(self) -> bool:
        """True if a document is open."""
        return bool(self.title)

    @rx.var
    def location_text(self) -> str:
        """The location and version of the source."""
        if not self.version:
            return self.where
        return f"{self.where} (version {self.version})" if self.where else f"Version {self.version}"

    @rx.var
    def has_words(self) -> bool:
        """True if words of the answer are highlighted."""
        return any(part["kind"] == "words" for part in self.parts)

    @rx.var
    def has_passage(self) -> bool:
        """True if a passage is highlighted."""
        return any(part["kind"] == "passage" for part in self.parts)

    @rx.event(background=True)
    async def open_source(self, source: dict[str, Any], answer: str) -> None:
        """Open the document of a source at the place that the answer quotes."""
        snippet = str(source.get("snippet", ""))[:_SNIPPET_CHARS]
        section, is_whole = str(source.get("section", "")), bool(source.get("whole"))
        page = f"p. {source['page']}" if source.get("page") else ""
        where = ", ".join(part for part in (page, section) if part)
        number, desk = await self._start_request(str(source.get("title", "")), where)
        try:
            document = await _read_document(desk, str(source.get("document_id", "")))
        except ClientError as error:
            behind = " What was read of it:" if snippet else ""
            await self._show_reply(
                number, problem=_error_text(error) + behind, parts=[HighlightedPart(kind="passage", text=snippet)]
            )
            return
        found = await asyncio.to_thread(
            highlight.highlight_document,
            document.markdown,
            snippet=snippet,
            section=section,
            answer=answer,
            whole=is_whole,
        )
        read = source.get("version")
        has_changed = isinstance(read, int) and read != document.version
        note = f"This document has changed since: the answer was written from version {read}." if has_changed else ""
        lost = snippet if has_changed and not (found.is_found or is_whole) else ""
        await self._show_reply(number, **_shown_parts(found), version=document.version, note=note, lost=lost)
        await self._find_links(_targets_in(found), document.id)

    @rx.event(background=True)
    async def open_document(self, document_id: str, title: str) -> None:
        """Open a whole document."""
        number, desk = await self._start_request(title, "")
        try:
            document = await _read_document(desk, document_id)
        except ClientError as error:
            await self._show_reply(number, problem=_error_text(error))
            return
        found = await asyncio.to_thread(highlight.highlight_document, document.markdown)
        count = "1 passage" if document.chunks == 1 else f"{document.chunks:,} passages"
        where = f"{document.folder}, {document.path}, {count}"
        await self._show_reply(number, **_shown_parts(found), version=document.version, where=where)
        await self._find_links(_targets_in(found), document.id)

    @rx.event(background=True)
    async def find_links(self, targets: list[str], near: str) -> None:
        """Find the documents to which the links of an answer lead, of which one source is `near`."""
        wanted = [str(target)[:_TARGET_CHARS] for target in targets[:_MOST_LINKS]]
        await self._find_links(wanted, str(near)[:_ID_CHARS])

    @rx.event
    def close_viewer(self) -> None:
        """Return to the conversation."""
        self._reset_view("", "")

    async def _find_links(self, targets: list[str], near: str) -> None:
        """Look up links; those that cannot be looked up stay text."""
        if not targets:
            return
        async with self:
            # A client is closed behind each use.
            client = client_for(await self.get_state(Session))
        async with client as desk:
            for first in range(0, len(targets), _LINKS_AT_ONCE):
                with suppress(ClientError):
                    found = (await desk.document_links(targets[first : first + _LINKS_AT_ONCE], near)).links
                    async with self:
                        kept = {} if len(self.links) > _MOST_LINKS_KEPT else self.links
                        self.links = kept | {target: link.model_dump() for target, link in found.items()}

    async def _start_request(self, title: str, where: str) -> tuple[int, AsyncDesk]:
        async with self:
            self._reset_view(title or "A document without a title", where)
            self.is_loading = True
            session = await self.get_state(Session)
            return self._request_number, client_for(session)

    async def _show_reply(self, number: int, **found: Any) -> None:
        async with self:
            if number != self._request_number:
                return
            self.is_loading = False
            for name, value in found.items():
                setattr(self, name, value)

    def _reset_view(self, title: str, where: str) -> None:
        self._request_number += 1
        self.title, self.where, self.version = title, where, 0
        self.parts, self.has_beginning, self.has_end = [], True, True
        self.is_loading = False
        self.note = self.lost = self.problem = ""


async def _read_document(desk: AsyncDesk, document_id: str) -> DocumentWhole:
    async with desk:
        return await desk.document(document_id)


def _targets_in(found: HighlightedDocument) -> list[str]:
    """Return the targets of the links to other documents in what is shown, each once."""
    text = "".join(part["text"] for part in found.parts)
    return list(dict.fromkeys(link["target"] for link in _LINK.finditer(text)))[:_MOST_LINKS]


def _shown_parts(found: HighlightedDocument) -> dict[str, Any]:
    return {"parts": found.parts, "has_beginning": found.has_beginning, "has_end": found.has_end}


def _error_text(error: ClientError) -> str:
    return "This document is no longer there." if error.code == "document_not_found" else error.message
