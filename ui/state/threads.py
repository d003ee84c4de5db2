"""The state of the sidebar: the list of conversations."""

from collections.abc import Awaitable, Callable
from typing import Any, TypedDict

import reflex as rx

from frontdesk import AsyncDesk
from frontdesk.client.endpoints import ThreadQuery
from frontdesk.contracts import resources
from ui.chat import history
from ui.chat.conversation import page_path
from ui.state.api_requests import ApiRequests
from ui.state.chat import Chat
from ui.state.session import Session, browser_id

# The ids that get the focus when a form or a button in the list is removed.
NEW = "new-conversation"
LIST = "conversations"
_PAGE = 30
_MOST = 200
_LONGEST_SEARCH = 200


class ThreadRow(TypedDict):
    """A conversation as the list shows it."""

    id: str
    path: str
    title: str


class Threads(ApiRequests, rx.State):
    """The conversations, newest first, or the matches of a search."""

    items: list[ThreadRow] = []
    total: int = 0
    search: str = ""
    renaming: str = ""
    deleting: str = ""
    open: bool = False

    _wanted: int = _PAGE

    @rx.event(background=True)
    async def load_list(self) -> None:
        """Load the conversations of this browser; with a key, those of its user."""
        await self._load_threads()

    @rx.event(background=True)
    async def load_more(self) -> None:
        """Load older conversations."""
        async with self:
            self._wanted = min(self._wanted + _PAGE, _MOST)
        await self._load_threads()

    @rx.event(background=True)
    async def search_threads(self, text: str) -> None:
        """Search the text of conversations."""
        async with self:
            self.search, self._wanted = str(text)[:_LONGEST_SEARCH], _PAGE
        await self._load_threads()

    @rx.event
    def toggle_list(self) -> None:
        """Show or hide the list on a narrow page, where it covers the conversation."""
        self.open = not self.open

    @rx.event
    def begin_renaming(self, thread_id: str) -> None:
        """Turn a conversation's title into an input."""
        self.renaming = thread_id

    @rx.event(background=True)
    async def rename_thread(self, form: dict[str, str]) -> Any:
        """Rename the conversation."""
        async with self:
            thread_id, self.renaming = self.renaming, ""
        title = str(form.get("title", "")).strip()[:200]
        if thread_id and title:
            await self._change_thread(thread_id, lambda desk: desk.rename(thread_id, title))
        return rx.set_focus(LIST)

    @rx.event
    def begin_deleting(self, thread_id: str) -> None:
        """Ask for confirmation."""
        self.deleting = thread_id

    @rx.event(background=True)
    async def delete_thread(self) -> Any:
        """Delete a conversation; a page that shows it becomes empty."""
        async with self:
            thread_id, self.deleting = self.deleting, ""
            gone = next((item["path"] for item in self.items if item["id"] == thread_id), "")
        if not gone or not await self._change_thread(thread_id, lambda desk: desk.delete(thread_id)):
            return None
        async with self:
            is_on_page = (await self.get_state(Chat)).path == gone
        focus = rx.set_focus(NEW)
        return [Chat.start_new, focus] if is_on_page else focus

    @rx.event(background=True)
    async def export_thread(self, thread_id: str) -> Any:
        """Download a conversation as a file."""
        text = await self._call_api(f"export of {thread_id}", lambda desk: desk.export(thread_id))
        return None if text is None else rx.download(data=text, filename="conversation.md")

    async def _change_thread(self, thread_id: str, change: Callable[[AsyncDesk], Awaitable[object]]) -> bool:
        if await self._call_api(f"change of {thread_id}", change) is None:
            return False
        await self._load_threads()
        return True

    async def _load_threads(self) -> None:
        async with self:
            session = await self.get_state(Session)
            if session.needs_key:
                return
            page = ThreadQuery(limit=self._wanted, search=self.search or None)
            # Without keys all visitors are one user to the API; each browser then lists its own conversations.
            if not session.key:
                page["session_prefix"] = f"web-{browser_id(session)}-"
        await self._call_api("threads", lambda desk: desk.threads(**page), self._show_threads)

    def _show_threads(self, found: resources.ThreadPage) -> None:
        self.total = found.total
        self.items = [
            ThreadRow(id=one.id, path=page_path(one.session_id, history.agent_of_thread(one)), title=one.title)
            for one in found.threads
        ]
