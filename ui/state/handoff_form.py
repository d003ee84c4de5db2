"""The state of the form that requests a person."""

from typing import Any

import reflex as rx

from frontdesk import AsyncDesk
from frontdesk.client.errors import ClientError
from frontdesk.client.requests import Json
from ui.chat import history
from ui.chat.conversation import PageConversation
from ui.state.api_requests import ApiRequests
from ui.state.chat import Chat

_NO_CONTACT = "Where can a person reach you? An address or a telephone number will do."


class HandoffForm(ApiRequests, rx.State):
    """The form that requests a person, and its outcome."""

    is_open: bool = False
    is_sending: bool = False
    is_sent: bool = False
    problem: str = ""

    @rx.event
    def open_form(self) -> None:
        """Show the form."""
        self.is_open, self.is_sent, self.problem = True, False, ""

    @rx.event
    def close_form(self) -> None:
        """Return to the conversation."""
        self.is_open = False

    @rx.event(background=True)
    async def send_request(self, form: dict[str, str]) -> Any:
        """Create a hand-over with the conversation; repeated clicks create only one."""
        contact, message = str(form.get("contact", "")).strip(), str(form.get("message", "")).strip()
        async with self:
            if self.is_sending:
                return None
            self.is_sending, self.problem = bool(contact), "" if contact else _NO_CONTACT
            conversation = (await self.get_state(Chat)).conversation
        if not contact:
            return None
        try:
            sent = await self._call_api(
                "hand over",
                lambda desk: _hand_over(desk, conversation, contact, message),
                on_refused=self._show_refusal,
            )
        finally:
            async with self:
                self.is_sending = False
        if sent is None:
            return None
        async with self:
            self.is_sent = True
        return Chat.show_handed_over(*conversation.key)

    def _show_refusal(self, error: ClientError) -> None:
        self.problem = error.message


async def _hand_over(desk: AsyncDesk, conversation: PageConversation, contact: str, message: str) -> Json:
    thread = await history.find_thread(desk, conversation)
    handoff = await desk.hand_over(contact=contact, message=message, thread_id=thread.id if thread else None)
    return handoff.model_dump()
