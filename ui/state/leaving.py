"""Signing out: nothing of whoever was here stays on the page."""

from typing import Any

import reflex as rx

from ui.state.session import Session

_OWN = "ui."


class Leaving(rx.State):
    """The key is forgotten, and with it what it has shown."""

    @rx.event
    async def sign_out(self) -> Any:
        """All of the page's states begin anew, but for what the browser keeps."""
        session = await self.get_state(Session)
        root = await self.get_state(rx.State)
        for state in root.substates.values():
            if state is not session and type(state).__module__.startswith(_OWN):
                state.reset()
        session.sign_out()
        return rx.redirect("/")
