"""Who sits at the page, and what the desk is to them."""

import secrets
from typing import Any

import reflex as rx
from reflex.state import OnLoadInternalState

from ui import reach
from ui.client import AsyncDesk
from ui.errors import DeskError
from ui.shapes import Agent

_NOBODYS = "-"


class Session(rx.State):
    """Kept in the visitor's browser: their key, whether answers are streamed, and what tells browsers apart."""

    key: str = rx.LocalStorage("", name="frontdesk-key")
    streaming: str = rx.LocalStorage("on", name="frontdesk-streaming")
    browser: str = rx.LocalStorage("", name="frontdesk-browser")

    agents: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    needs_key: bool = False
    trouble: str = ""

    @rx.var
    def streams(self) -> bool:
        """Whether answers appear as they are written."""
        return self.streaming != "off"

    @rx.var
    def starters(self) -> list[str]:
        """What the first agents say that they are asked."""
        return [agent["examples"][0] for agent in self.agents if agent["enabled"] and agent["examples"]][:4]

    def refuse(self, error: DeskError) -> None:
        """Say what the desk says is wrong; without a key that it knows, ask for one."""
        self.needs_key = self.needs_key or error.code == "key_refused"
        unknown = "This desk does not know that key." if self.key else ""
        self.trouble = unknown if self.needs_key else error.message

    def known_as(self) -> str:
        """What tells this browser from others."""
        self.browser = self.browser or secrets.token_hex(8)
        return self.browser

    @rx.event
    def complain(self, message: str) -> None:
        """Say what is wrong, on whichever page."""
        self.trouble = message

    @rx.event
    def dismiss(self) -> None:
        """What was wrong has been read."""
        self.trouble = ""

    @rx.event
    def toggle_streaming(self) -> None:
        """Remembered by the browser."""
        self.streaming = "off" if self.streaming != "off" else "on"

    @rx.event(background=True)
    async def begin(self) -> None:
        """What every page needs."""
        async with self:
            self.known_as()
            key, desk = self.key, self.desk()
        told: list[Agent] | DeskError
        try:
            async with desk:
                told = (await desk.agents()).agents
        except DeskError as error:
            told = error
        async with self:
            # Whoever signs in or out meanwhile is asked about anew.
            if key == self.key:
                self._know(told)

    def _know(self, told: list[Agent] | DeskError) -> None:
        if isinstance(told, DeskError):
            self.refuse(told)
            return
        self.needs_key, self.trouble = False, ""
        shown = {"id", "name", "enabled", "examples"}
        self.agents = [agent.model_dump(include=shown) for agent in told]
        self.names = {agent.id: agent.name for agent in told}

    @rx.event
    def sign_in(self, form: dict[str, str]) -> Any:
        """Take a key, and see whether the desk does: the page is loaded as if the visitor had just come."""
        self.key = str(form.get("key", "")).strip()
        return OnLoadInternalState.on_load_internal

    def sign_out(self) -> None:
        """Forget the key, and what it has shown."""
        self.key, self.needs_key, self.trouble = "", True, ""
        self.agents, self.names = [], {}

    def desk(self) -> AsyncDesk:
        """A client in the visitor's name."""
        # What cannot be a key is asked with as a key that nobody has.
        possible = self.key.isascii() and self.key.isprintable()
        return reach.desk(self.key if possible else _NOBODYS)
