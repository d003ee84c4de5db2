"""The state of the knowledge page: list, search, open and delete the documents that agents answer from."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypedDict

import reflex as rx

from frontdesk import AsyncDesk
from frontdesk.client.requests import Json
from frontdesk.contracts.resources import AgentInfo, Document, DocumentPage, Info
from ui.documents.upload_stream import format_megabytes
from ui.state.api_requests import ApiRequests

PAGE = 50


class Folder(TypedDict):
    """A folder of documents, and the agents that answer from it."""

    name: str
    agents: str
    count: int


class DocumentRow(TypedDict):
    """A document as the list shows it."""

    id: str
    title: str
    path: str
    folder: str
    version: str
    changed: str
    mine: bool


class KnowledgeData(NamedTuple):
    """A page of documents that starts at `offset`, and the agents that answer from them."""

    documents: DocumentPage
    offset: int
    agents: Sequence[AgentInfo]


class Knowledge(ApiRequests, rx.State):
    """One page of the documents of one folder, or of all."""

    folders: list[Folder] = []
    items: list[DocumentRow] = []
    folder: str = ""
    into: str = ""
    search: str = ""
    offset: int = 0
    total: int = 0
    operator: bool = False
    document_bytes: int = 0
    loaded: bool = False
    notice: str = ""

    @rx.var
    def document_count(self) -> int:
        """The number of documents in all folders."""
        return sum(folder["count"] for folder in self.folders)

    @rx.var
    def shown_range(self) -> str:
        """The range that is shown, and the total."""
        return f"{self.offset + 1}–{self.offset + len(self.items)} of {self.total:,}" if self.items else ""

    @rx.var
    def has_more(self) -> bool:
        """True if another page follows."""
        return self.offset + len(self.items) < self.total

    @rx.var
    def size_limit(self) -> str:
        """The maximum size of a file."""
        return format_megabytes(self.document_bytes)

    @rx.event(background=True)
    async def reset_search(self) -> Any:
        """Reset a page that is opened to an empty search, at once: before anybody can type into it."""
        async with self:
            was_elsewhere = bool(self.search or self.offset)
            self.search, self.offset, self.notice = "", 0, ""
        return Knowledge.load_documents if was_elsewhere else None

    @rx.event(background=True)
    async def load_page(self) -> None:
        """Load the user's permissions and limits, then the documents."""
        if await self._call_api("visitor", AsyncDesk.info, self._set_limits):
            await self._load_documents()

    @rx.event(background=True)
    async def load_documents(self) -> None:
        """Reload the documents after a change."""
        await self._load_documents()

    @rx.event(background=True)
    async def choose_folder(self, folder: str) -> None:
        """Select one folder, or all with an empty name; uploads go to the selected folder."""
        async with self:
            self.folder, self.offset = folder, 0
            self.into = folder or self.into
        await self._load_documents()

    @rx.event
    def choose_upload_folder(self, folder: str) -> None:
        """Choose the folder for uploads."""
        self.into = folder

    @rx.event(background=True)
    async def search_documents(self, text: str) -> None:
        """Search by title and path."""
        async with self:
            self.search, self.offset = text, 0
        await self._load_documents()

    @rx.event(background=True)
    async def turn_page(self, pages: int) -> Any:
        """Turn the page, and focus the beginning of the list."""
        async with self:
            self.offset = max(0, self.offset + pages * PAGE)
        await self._load_documents()
        return rx.set_focus("shown")

    @rx.event(background=True)
    async def delete_document(self, document_id: str, title: str) -> None:
        """Delete a document permanently."""

        def report_deleted(_: Json) -> None:
            self.notice = f"{title} is deleted."

        await self._call_api(f"delete {document_id}", lambda desk: desk.delete_document(document_id), report_deleted)
        await self._load_documents()

    async def _load_documents(self) -> None:
        async with self:
            folder, search, offset = self.folder, self.search, self.offset
        await self._call_api("documents", lambda desk: _load_data(desk, folder, search, offset), self._show_data)

    def _set_limits(self, info: Info) -> None:
        self.operator, self.document_bytes = info.user.operator, info.limits.document_bytes

    def _show_data(self, found: KnowledgeData) -> None:
        self.folders = _folder_rows(found.agents, found.documents.folders or {})
        self.into = self.into or next((folder["name"] for folder in self.folders), "")
        self.total, self.offset = found.documents.total or 0, found.offset
        self.items = [_document_row(document, self.operator) for document in found.documents.documents]
        self.loaded = True


async def _load_data(desk: AsyncDesk, folder: str, search: str, offset: int) -> KnowledgeData:
    """Return a page of documents; the last page if there are fewer documents than before."""
    while True:
        found = await desk.documents(folder=folder or None, search=search or None, limit=PAGE, offset=offset)
        if found.documents or offset == 0:
            return KnowledgeData(found, offset, (await desk.agents()).agents)
        offset = max(0, offset - PAGE)


def _folder_rows(agents: Sequence[AgentInfo], counts: dict[str, int]) -> list[Folder]:
    """Return the folders that agents answer from, and others that still hold documents."""
    names: dict[str, list[str]] = {name: [] for name in sorted({*counts, *(agent.knowledge for agent in agents)})}
    for agent in agents:
        names[agent.knowledge].append(agent.name if agent.enabled else f"{agent.name} (off)")
    return [Folder(name=name, agents=", ".join(who), count=counts.get(name, 0)) for name, who in names.items()]


def _document_row(document: Document, operator: bool) -> DocumentRow:
    passages = "1 passage" if document.chunks == 1 else f"{document.chunks:,} passages"
    return DocumentRow(
        id=document.id,
        title=document.title,
        path=document.path,
        folder=document.folder,
        version=f"version {document.version}, {passages}",
        changed=datetime.fromtimestamp(document.updated_at, UTC).strftime("%d %b %Y"),
        # The API reports the source of shared documents only to operators.
        mine=operator or bool(document.source),
    )
