"""The documents that agents answer from: by folder, found, opened, removed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypedDict

import reflex as rx

from frontdesk import AsyncDesk
from frontdesk.client.requests import Json
from frontdesk.contracts.resources import Agent, Document, Documents, Info
from ui.documents.upload_stream import megabytes
from ui.state.api_requests import Asking

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


class Found(NamedTuple):
    """Documents from the one that is `offset` from the first on, and who answers from them."""

    documents: Documents
    offset: int
    agents: Sequence[Agent]


class Knowledge(Asking, rx.State):
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

    @rx.event(background=True)
    async def arrive(self) -> Any:
        """A page that is opened begins with an empty field: at once, before anybody writes into it."""
        async with self:
            was_elsewhere = bool(self.search or self.offset)
            self.search, self.offset, self.said = "", 0, ""
        return Knowledge.refresh if was_elsewhere else None

    @rx.event(background=True)
    async def load(self) -> None:
        """Who the visitor is to the desk, and what it knows."""
        if await self._ask("visitor", AsyncDesk.info, self._meet):
            await self._fetch()

    @rx.event(background=True)
    async def refresh(self) -> None:
        """Something has changed."""
        await self._fetch()

    @rx.event(background=True)
    async def choose(self, folder: str) -> None:
        """One folder, or with an empty name all of them; what is uploaded goes where one looks."""
        async with self:
            self.folder, self.offset = folder, 0
            self.into = folder or self.into
        await self._fetch()

    @rx.event
    def put_into(self, folder: str) -> None:
        """Where to upload to."""
        self.into = folder

    @rx.event(background=True)
    async def find(self, text: str) -> None:
        """By title and path."""
        async with self:
            self.search, self.offset = text, 0
        await self._fetch()

    @rx.event(background=True)
    async def turn(self, pages: int) -> Any:
        """Forward or back; the list is read from its beginning."""
        async with self:
            self.offset = max(0, self.offset + pages * PAGE)
        await self._fetch()
        return rx.set_focus("shown")

    @rx.event(background=True)
    async def delete(self, document_id: str, title: str) -> None:
        """For good."""

        def deleted(_: Json) -> None:
            self.said = f"{title} is deleted."

        await self._ask(f"delete {document_id}", lambda desk: desk.delete_document(document_id), deleted)
        await self._fetch()

    async def _fetch(self) -> None:
        async with self:
            folder, search, offset = self.folder, self.search, self.offset
        await self._ask("documents", lambda desk: _look(desk, folder, search, offset), self._show)

    def _meet(self, info: Info) -> None:
        self.operator, self.document_bytes = info.user.operator, info.limits.document_bytes

    def _show(self, found: Found) -> None:
        self.folders = _folders(found.agents, found.documents.folders or {})
        self.into = self.into or next((folder["name"] for folder in self.folders), "")
        self.total, self.offset = found.documents.total or 0, found.offset
        self.items = [_item(document, self.operator) for document in found.documents.documents]
        self.loaded = True


async def _look(desk: AsyncDesk, folder: str, search: str, offset: int) -> Found:
    """A page of them; the last one there is, where there are fewer than there were."""
    while True:
        found = await desk.documents(folder=folder or None, search=search or None, limit=PAGE, offset=offset)
        if found.documents or offset == 0:
            return Found(found, offset, (await desk.agents()).agents)
        offset = max(0, offset - PAGE)


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
