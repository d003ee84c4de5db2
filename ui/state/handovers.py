"""Who waits for a person, on the page."""

import time
from typing import Any, TypedDict

import reflex as rx

from ui import charting
from ui.errors import DeskError
from ui.reports import Handover
from ui.shapes import Message
from ui.state.session import Session

_MOST = 200


class Item(TypedDict):
    """One who waits; without a contact, a person was offered and nobody has taken that up yet."""

    id: str
    contact: str
    message: str
    summary: str
    reason: str
    since: str


class Turn(TypedDict):
    """What was said in the conversation."""

    who: str
    text: str


class Handovers(rx.State):
    """Those who wait the longest, and one of them with the conversation."""

    items: list[Item] = []
    # Answers offer a person more often than people take that up: those without an address are shown on demand.
    silent: int = 0
    with_silent: bool = False
    unread: int = 0
    # What is open: its text is here only as long as that.
    opened: str = ""
    shown: Item = Item(id="", contact="", message="", summary="", reason="", since="")
    transcript: list[Turn] = []
    problem: str = ""

    @rx.var
    def is_open(self) -> bool:
        """Whether one is."""
        return bool(self.opened)

    @rx.event
    async def load(self) -> None:
        """Who waits now."""
        session = await self.get_state(Session)
        try:
            async with session.desk() as desk:
                found = await desk.handovers(limit=_MOST)
        except DeskError as error:
            session.trouble = error.message
            return
        now = time.time()
        spoken = [one for one in found.handovers if one.contact]
        self.silent = len(found.handovers) - len(spoken)
        self.unread = found.total - len(found.handovers)
        self.items = [_item(one, now) for one in (found.handovers if self.with_silent else spoken)]

    @rx.event
    def toggle_silent(self) -> Any:
        """Also those whom nobody can reach, or not."""
        self.with_silent = not self.with_silent
        return Handovers.load

    @rx.event
    async def open_one(self, handover_id: str) -> None:
        """With the conversation up to now."""
        session = await self.get_state(Session)
        try:
            async with session.desk() as desk:
                found = await desk.handover(handover_id)
        except DeskError as error:
            session.trouble = error.message
            return
        self.opened, self.problem = handover_id, ""
        self.shown = _item(found, time.time())
        self.transcript = [_turn(message, session.names) for message in found.transcript]

    @rx.event
    def close(self) -> None:
        """Back to the page."""
        self.opened, self.transcript = "", []

    @rx.event
    async def resolve(self, form: dict[str, str]) -> Any:
        """A person has seen to it."""
        session = await self.get_state(Session)
        try:
            async with session.desk() as desk:
                await desk.resolve(self.opened, form.get("note", "").strip())
        except DeskError as error:
            self.problem = error.message
            return None
        self.close()
        return Handovers.load


def _item(one: Handover, now: float) -> Item:
    return Item(
        id=one.id,
        contact=one.contact or "",
        message=one.message or "",
        summary=one.summary,
        reason=one.reason,
        since=charting.ago(one.created_at, now),
    )


def _turn(message: Message, names: dict[str, str]) -> Turn:
    agents = ", ".join(names.get(agent, agent) for agent in message.agents)
    return Turn(who="Visitor" if message.role == "user" else agents or "Assistant", text=message.content)
