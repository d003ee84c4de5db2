"""Asking for a person."""

import reflex as rx

from ui.errors import DeskError
from ui.state.chat import Chat, thread_id_of
from ui.state.session import Session


class Person(rx.State):
    """The form, and what became of it."""

    is_open: bool = False
    is_sent: bool = False
    problem: str = ""

    @rx.event
    def ask(self) -> None:
        """Show the form."""
        self.is_open, self.is_sent, self.problem = True, False, ""

    @rx.event
    def close(self) -> None:
        """Back to the conversation."""
        self.is_open = False

    @rx.event
    async def send(self, form: dict[str, str]) -> None:
        """Put it among the hand-overs, with the conversation."""
        session, chat = await self.get_state(Session), await self.get_state(Chat)
        contact, message = form.get("contact", "").strip(), form.get("message", "").strip()
        if not contact:
            self.problem = "Where can a person reach you? An address or a telephone number will do."
            return
        try:
            async with session.desk() as desk:
                await desk.hand_over(
                    contact=contact, message=message, thread_id=await thread_id_of(desk, chat.session_id)
                )
        except DeskError as error:
            self.problem = error.message
            return
        self.is_sent, self.problem = True, ""
