"""Who sits at the page, and what the desk is to them."""

import logging
import secrets
from typing import Any

import reflex as rx

from frontdesk import AsyncDesk
from frontdesk.client.errors import DeskError, Unreachable
from frontdesk.contracts.resources import Agent
from ui.runtime import api

_LOG = logging.getLogger(__name__)
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
            known_as(self)
            key, desk = self.key, desk_of(self)
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
            refuse(self, told)
            return
        self.needs_key, self.trouble = False, ""
        shown = {"id", "name", "enabled", "examples"}
        self.agents = [agent.model_dump(include=shown) for agent in told]
        self.names = {agent.id: agent.name for agent in told}


def desk_of(session: Session) -> AsyncDesk:
    """A client in the visitor's name; close it after use."""
    # What cannot be a key is asked with as a key that nobody has.
    key = session.key.strip()
    address = session.router.session.client_ip
    return api.desk(key if key.isascii() and key.isprintable() else _NOBODYS, address)


def refuse(session: Session, error: DeskError) -> None:
    """Say what the desk says is wrong; without a key that it knows, ask for one."""
    session.needs_key = session.needs_key or error.code == "key_refused"
    if session.needs_key:
        session.trouble = "This desk does not know that key." if session.key else ""
    elif isinstance(error, Unreachable):
        _LOG.warning("the web desk asked in vain: %s", error)
        session.trouble = "The desk cannot be reached right now. Try again in a moment."
    else:
        session.trouble = error.message


def known_as(session: Session) -> str:
    """What tells this browser from others."""
    session.browser = session.browser or secrets.token_hex(8)
    return session.browser
