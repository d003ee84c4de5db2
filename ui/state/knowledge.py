"""The documents that agents answer from: by folder, found, opened, removed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypedDict

import reflex as rx

from ui.client import AsyncDesk
from ui.errors import DeskError
from ui.shapes import Agent, Document, Documents
from ui.state.session import Session
from ui.uploads import megabytes

PAGE = 50


class Folder(TypedDict):
    """Documents of one kind, and who answers from them."""

    name: str
    agents: str
    count: int


class Item(TypedDict):
    """A document as the list shows it."""

    id: str
    title: str
    path: str
    folder: str
    version: str
    changed: str
    mine: bool


class Knowledge(rx.State):
    """One page of the documents of one folder, or of all."""

    folders: list[Folder] = []
    items: list[Item] = []
    folder: str = ""
    into: str = ""
    search: str = ""
    offset: int = 0
    total: int = 0
    operator: bool = False
    document_bytes: int = 0
    loaded: bool = False
    said: str = ""

    @rx.var
    def everything(self) -> int:
        """How many documents there are in all folders."""
        return sum(folder["count"] for folder in self.folders)

    @rx.var
    def shown(self) -> str:
        """Which of how many."""
        return f"{self.offset + 1}–{self.offset + len(self.items)} of {self.total:,}" if self.items else ""

    @rx.var
    def has_more(self) -> bool:
        """Whether another page follows."""
        return self.offset + len(self.items) < self.total

    @rx.var
    def largest(self) -> str:
        """How large a file may be."""
        return megabytes(self.document_bytes)

    @rx.event
    async def load(self) -> None:
        """Who the visitor is to the desk, and what it knows."""
        session = await self.get_state(Session)
        try:
            async with session.desk() as desk:
                info = await desk.info()
        except DeskError as error:
            self._complain(session, error)
            return
        # A page that is loaded again begins with an empty field.
        self.search, self.offset, self.said = "", 0, ""
        self.operator, self.document_bytes = info.user.operator, info.limits.document_bytes
        await self._fetch()

    @rx.event
    async def refresh(self) -> None:
        """Something has changed."""
        await self._fetch()

    @rx.event
    async def choose(self, folder: str) -> None:
        """One folder, or with an empty name all of them; what is uploaded goes where one looks."""
        self.folder, self.offset = folder, 0
        self.into = folder or self.into
        await self._fetch()

    @rx.event
    def put_into(self, folder: str) -> None:
        """Where to upload to."""
        self.into = folder

    @rx.event
    async def find(self, text: str) -> None:
        """By title and path."""
        self.search, self.offset = text, 0
        await self._fetch()

    @rx.event
    async def turn(self, pages: int) -> None:
        """Forward or back."""
        self.offset = max(0, self.offset + pages * PAGE)
        await self._fetch()

    @rx.event
    async def delete(self, document_id: str, title: str) -> None:
        """For good."""
        session = await self.get_state(Session)
        try:
            async with session.desk() as desk:
                await desk.delete_document(document_id)
            self.said = f"{title} is deleted."
        except DeskError as error:
            self._complain(session, error)
        await self._fetch()

    async def _fetch(self) -> None:
        session = await self.get_state(Session)
        try:
            async with session.desk() as desk:
                found = await self._page(desk)
                agents = (await desk.agents()).agents
        except DeskError as error:
            self._complain(session, error)
            return
        self.folders = _folders(agents, found.folders or {})
        self.into = self.into or next((folder["name"] for folder in self.folders), "")
        self.total = found.total or 0
        self.items = [_item(document, self.operator) for document in found.documents]
        self.loaded = True

    async def _page(self, desk: AsyncDesk) -> Documents:
        """The last one there is, where there are fewer than there were."""
        while True:
            found = await desk.documents(
                folder=self.folder or None, search=self.search or None, limit=PAGE, offset=self.offset
            )
            if found.documents or self.offset == 0:
                return found
            self.offset = max(0, self.offset - PAGE)

    def _complain(self, session: Session, error: DeskError) -> None:
        session.needs_key = session.needs_key or error.code == "key_refused"
        session.trouble = "" if session.needs_key else error.message


def _folders(agents: Sequence[Agent], counts: dict[str, int]) -> list[Folder]:
    """Those that agents answer from, and others that still hold something."""
    names: dict[str, list[str]] = {name: [] for name in sorted({*counts, *(agent.knowledge for agent in agents)})}
    for agent in agents:
        names[agent.knowledge].append(agent.name if agent.enabled else f"{agent.name} (off)")
    return [Folder(name=name, agents=", ".join(who), count=counts.get(name, 0)) for name, who in names.items()]


def _item(document: Document, operator: bool) -> Item:
    passages = "1 passage" if document.chunks == 1 else f"{document.chunks:,} passages"
    return Item(
        id=document.id,
        title=document.title,
        path=document.path,
        folder=document.folder,
        version=f"version {document.version}, {passages}",
        changed=datetime.fromtimestamp(document.updated_at, UTC).strftime("%d %b %Y"),
        # Where everybody's documents come from is told to operators alone.
        mine=operator or bool(document.source),
    )
