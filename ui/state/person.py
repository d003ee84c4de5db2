"""Asking for a person."""

from typing import Any

import reflex as rx

from ui import past
from ui.errors import DeskError
from ui.state.chat import Chat
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

    @rx.event(background=True)
    async def send(self, form: dict[str, str]) -> Any:
        """Put it among the hand-overs, with the conversation."""
        contact, message = str(form.get("contact", "")).strip(), str(form.get("message", "")).strip()
        problem = "" if contact else "Where can a person reach you? An address or a telephone number will do."
        async with self:
            self.problem = problem
            desk, talk = (await self.get_state(Session)).desk(), (await self.get_state(Chat)).talk
        if problem:
            return None
        try:
            async with desk:
                thread = await past.find(desk, talk)
                await desk.hand_over(contact=contact, message=message, thread_id=thread.id if thread else None)
        except DeskError as error:
            async with self:
                self.problem = error.message
            return None
        async with self:
            self.is_sent = True
        return Chat.handed_over
