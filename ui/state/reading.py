"""The document behind a source, open at the passage."""

import re
from typing import Any

import reflex as rx

from ui.errors import DeskError
from ui.state.session import Session

_WORD = re.compile(r"\w+")
# As much as is read around a passage; of a book, the rest stays where it is.
_MOST_CHARS = 60_000
_LEFT_OUT = "[...]"


class Reading(rx.State):
    """What is open beside the conversation."""

    title: str = ""
    where: str = ""
    version: int = 0
    before: str = ""
    passage: str = ""
    after: str = ""
    problem: str = ""

    @rx.var
    def is_open(self) -> bool:
        """Whether anything is."""
        return bool(self.title)

    @rx.event
    async def open_source(self, source: dict[str, Any]) -> None:
        """The document of a source, its passage marked."""
        self._leave()
        self.title = str(source.get("title", ""))
        page = f"p. {source['page']}" if source.get("page") else ""
        self.where = ", ".join(part for part in (page, str(source.get("section", ""))) if part)
        session = await self.get_state(Session)
        try:
            async with session.desk() as desk:
                document = await desk.document(str(source["document_id"]))
        except DeskError as error:
            self.problem = error.message
            self.passage = str(source.get("snippet", ""))
            return
        self.version = document.version
        before, self.passage, after = _parted(document.markdown, str(source.get("snippet", "")))
        self.before = before if len(before) <= _MOST_CHARS else f"{_LEFT_OUT}{before[-_MOST_CHARS:]}"
        self.after = _beginning(after)

    @rx.event
    async def open_document(self, document_id: str, title: str) -> None:
        """A whole document."""
        self._leave()
        self.title = title
        session = await self.get_state(Session)
        try:
            async with session.desk() as desk:
                document = await desk.document(document_id)
        except DeskError as error:
            self.problem = error.message
            return
        passages = "1 passage" if document.chunks == 1 else f"{document.chunks:,} passages"
        self.where = f"{document.folder}, {document.path}, {passages}"
        self.version, self.before = document.version, _beginning(document.markdown)

    @rx.event
    def close(self) -> None:
        """Back to the conversation."""
        self._leave()

    def _leave(self) -> None:
        self.title = self.where = self.before = self.passage = self.after = self.problem = ""
        self.version = 0


def _beginning(text: str) -> str:
    return text if len(text) <= _MOST_CHARS else f"{text[:_MOST_CHARS]}{_LEFT_OUT}"


def _parted(text: str, snippet: str) -> tuple[str, str, str]:
    """A text before, within and after a passage, which may have other spaces than the text, and an end left out."""
    words = _WORD.findall(snippet.removesuffix(" ..."))
    if not words:
        return text, "", ""
    found = re.search(r"\W+".join(map(re.escape, words)), text)
    if found is None:
        return text, "", ""
    return text[: found.start()], text[found.start() : found.end()], text[found.end() :]
