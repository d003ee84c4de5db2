"""The state of the user at the page: their key, their preferences and the agents they may ask."""

import logging
import secrets
from typing import Any

import reflex as rx

from frontdesk import AsyncDesk
from frontdesk.client.errors import ClientError, Unreachable
from frontdesk.contracts.resources import AgentInfo
from ui.runtime import api

_LOG = logging.getLogger(__name__)
_NOBODYS = "-"


class Session(rx.State):
    """The user's session. The browser stores the key, the streaming preference and an id of its own."""

    key: str = rx.LocalStorage("", name="frontdesk-key")
    streaming: str = rx.LocalStorage("on", name="frontdesk-streaming")
    browser: str = rx.LocalStorage("", name="frontdesk-browser")

    agents: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    needs_key: bool = False
    trouble: str = ""
    _load_error: str = ""

    @rx.var
    def streams(self) -> bool:
        """True if answers appear as they are written."""
        return self.streaming != "off"

    @rx.var
    def starters(self) -> list[str]:
        """One example question of each of the first agents."""
        return [agent["examples"][0] for agent in self.agents if agent["enabled"] and agent["examples"]][:4]

    @rx.event
    def show_trouble(self, message: str) -> None:
        """Show an error on the current page."""
        self.trouble = message

    @rx.event
    def dismiss_trouble(self) -> None:
        """Dismiss the error."""
        self.trouble = ""

    @rx.event
    def toggle_streaming(self) -> None:
        """Toggle streaming; the browser stores the choice."""
        self.streaming = "off" if self.streaming != "off" else "on"

    @rx.event(background=True)
    async def load_agents(self) -> None:
        """Load the agents, which every page needs."""
        async with self:
            browser_id(self)
            key, desk = self.key, client_for(self)
        reply: list[AgentInfo] | ClientError
        try:
            async with desk:
                reply = (await desk.agents()).agents
        except ClientError as error:
            reply = error
        async with self:
            # Ignore the reply if the key has changed meanwhile; that triggers another request.
            if key == self.key:
                self._set_agents(reply)

    def _set_agents(self, reply: list[AgentInfo] | ClientError) -> None:
        if isinstance(reply, ClientError):
            report_error(self, reply)
            self._load_error = self.trouble
            return
        # Another error may have been shown meanwhile.
        self.trouble = "" if self.trouble == self._load_error else self.trouble
        self.needs_key, self._load_error = False, ""
        shown = {"id", "name", "enabled", "examples"}
        self.agents = [agent.model_dump(include=shown) for agent in reply]
        self.names = {agent.id: agent.name for agent in reply}


def client_for(session: Session) -> AsyncDesk:
    """Create a client with the user's key; close it after use."""
    # Replace an impossible key by one that nobody has, so that the API refuses it.
    key = session.key.strip()
    address = session.router.session.client_ip
    return api.create_client(key if key.isascii() and key.isprintable() else _NOBODYS, address)


def report_error(session: Session, error: ClientError) -> None:
    """Show an error of the API; without a valid key, ask for one."""
    session.needs_key = session.needs_key or error.code == "key_refused"
    if session.needs_key:
        session.trouble = "Key not recognised." if session.key else ""
    elif isinstance(error, Unreachable):
        _LOG.warning("the web desk asked in vain: %s", error)
        session.trouble = "The server cannot be reached. Try again in a moment."
    else:
        session.trouble = error.message


def browser_id(session: Session) -> str:
    """Return the id of this browser."""
    session.browser = session.browser or secrets.token_hex(8)
    return session.browser
