"""The conversations beside the one on the page."""

from typing import Any, TypedDict

import reflex as rx

from ui.errors import DeskError
from ui.state.chat import Chat
from ui.state.session import Session

_PAGE = 30


class Item(TypedDict):
    """A conversation as the list shows it."""

    id: str
    session: str
    title: str


class Threads(rx.State):
    """The newest first, or those in which something was said."""

    items: list[Item] = []
    total: int = 0
    search: str = ""
    renaming: str = ""
    deleting: str = ""
    open: bool = False

    @rx.event
    async def load(self) -> None:
        """Those of this browser; with a key, those of its user."""
        await self._fetch(max(_PAGE, len(self.items)))

    @rx.event
    async def more(self) -> None:
        """Older ones."""
        await self._fetch(len(self.items) + _PAGE)

    @rx.event
    async def find(self, text: str) -> None:
        """Those in which something was said."""
        self.search = text
        await self._fetch(_PAGE)

    @rx.event
    def toggle(self) -> None:
        """On a narrow page the list covers the conversation."""
        self.open = not self.open

    @rx.event
    def begin_renaming(self, thread_id: str) -> None:
        """Its title becomes a field."""
        self.renaming = thread_id

    @rx.event
    async def rename(self, form: dict[str, str]) -> None:
        """Another title."""
        thread_id, title = self.renaming, form.get("title", "").strip()
        self.renaming = ""
        if thread_id and title:
            await self._do(lambda desk: desk.rename(thread_id, title[:200]))

    @rx.event
    def begin_deleting(self, thread_id: str) -> None:
        """Ask first."""
        self.deleting = thread_id

    @rx.event
    async def delete(self) -> Any:
        """Put it away; the page it is on becomes empty."""
        thread_id, self.deleting = self.deleting, ""
        chat = await self.get_state(Chat)
        gone = next((item["session"] for item in self.items if item["id"] == thread_id), "")
        await self._do(lambda desk: desk.delete(thread_id))
        return Chat.begin_new() if gone and gone == chat.session_id else None

    @rx.event
    async def export(self, thread_id: str) -> Any:
        """A conversation as a file."""
        session = await self.get_state(Session)
        try:
            async with session.desk() as desk:
                text = await desk.export(thread_id)
        except DeskError as error:
            session.trouble = error.message
            return None
        return rx.download(data=text, filename="conversation.md")

    async def _do(self, change: Any) -> None:
        session = await self.get_state(Session)
        try:
            async with session.desk() as desk:
                await change(desk)
        except DeskError as error:
            session.trouble = error.message
        await self._fetch(max(_PAGE, len(self.items)))

    async def _fetch(self, limit: int) -> None:
        session = await self.get_state(Session)
        if session.needs_key:
            return
        try:
            async with session.desk() as desk:
                # Without keys all visitors are one user to the API; each browser then sees what began in it.
                begun_here = None if session.key else f"web-{session.browser}-"
                found = await desk.threads(limit=min(limit, 200), search=self.search or None, session_prefix=begun_here)
        except DeskError as error:
            session.trouble = error.message
            return
        self.total = found.total
        self.items = [Item(id=one.id, session=one.session_id, title=one.title) for one in found.threads]
