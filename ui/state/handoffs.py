"""The state of the hand-overs on the activity page, waiting and resolved."""

import asyncio
import time
from functools import partial
from typing import Any, NamedTuple, TypedDict

import reflex as rx

from frontdesk import AsyncDesk
from frontdesk.client.errors import ClientError
from frontdesk.contracts import reports
from frontdesk.contracts.resources import Message
from ui.state.api_requests import ApiRequests
from ui.state.session import Session
from ui.view_models import activity_charts

_MOST = 200
FEW = 5


class HandoffRow(TypedDict):
    """A hand-over as the list shows it; without a contact, a person was offered and the user has not accepted yet."""

    id: str
    contact: str
    message: str
    summary: str
    reason: str
    since: str
    # Only of resolved ones.
    done: str
    note: str


_NOBODY = HandoffRow(id="", contact="", message="", summary="", reason="", since="", done="", note="")


class TurnRow(TypedDict):
    """A message of the conversation."""

    who: str
    text: str


class HandoffsData(NamedTuple):
    """The hand-overs that wait the longest, and the latest resolved ones."""

    waiting: reports.HandoffPage
    done: reports.HandoffPage


class Handoffs(ApiRequests, rx.State):
    """The lists of waiting and resolved hand-overs, and an open one with its conversation."""

    items: list[HandoffRow] = []
    # Answers offer a person more often than users accept: hand-overs without a contact are shown on demand.
    silent: int = 0
    with_silent: bool = False
    unread: int = 0
    done: list[HandoffRow] = []
    done_total: int = 0
    with_all_done: bool = False
    notice: str = ""
    # The open hand-over; its text is held only while it is open.
    opened: str = ""
    shown: HandoffRow = _NOBODY
    transcript: list[TurnRow] = []
    # The user has not asked for a person, so only they may read the conversation.
    withheld: bool = False
    problem: str = ""

    @rx.var
    def is_open(self) -> bool:
        """True if a hand-over is open."""
        return bool(self.opened)

    @rx.event(background=True)
    async def load_lists(self) -> None:
        """Load the waiting and the resolved hand-overs."""
        await self._call_api("handoffs", _load_data, self._show_lists)

    @rx.event
    def toggle_silent(self) -> Any:
        """Show or hide the hand-overs without a contact."""
        self.with_silent = not self.with_silent
        return Handoffs.load_lists

    @rx.event
    def toggle_done(self) -> Any:
        """Show all resolved hand-overs, or only the latest."""
        self.with_all_done = not self.with_all_done
        return Handoffs.load_lists

    @rx.event(background=True)
    async def open_handoff(self, handoff_id: str) -> None:
        """Open a hand-over with the readable part of its conversation."""
        async with self:
            names = dict((await self.get_state(Session)).names)
        await self._call_api("open", lambda desk: desk.handover(handoff_id), partial(self._open_handoff, names))

    @rx.event
    def close_handoff(self) -> None:
        """Return to the page."""
        self._close_handoff()

    @rx.event(background=True)
    async def resolve_handoff(self, form: dict[str, str]) -> Any:
        """Mark the open hand-over as resolved."""
        async with self:
            handoff_id, note = self.opened, form.get("note", "").strip()
        about = f"resolve {handoff_id}"
        await self._call_api(
            about, lambda desk: desk.resolve(handoff_id, note), self._show_resolved, self._show_problem
        )
        return Handoffs.load_lists

    def _show_lists(self, found: HandoffsData) -> None:
        now = time.time()
        spoken = [one for one in found.waiting.handovers if one.contact]
        self.silent = len(found.waiting.handovers) - len(spoken)
        self.unread = found.waiting.total - len(found.waiting.handovers)
        self.items = [_handoff_row(one, now) for one in (found.waiting.handovers if self.with_silent else spoken)]
        done = sorted(found.done.handovers, key=lambda one: -(one.resolved_at or 0))
        self.done = [_handoff_row(one, now) for one in (done if self.with_all_done else done[:FEW])]
        self.done_total = len(done)

    def _open_handoff(self, names: dict[str, str], found: reports.HandoffWhole) -> None:
        self.opened, self.problem = found.id, ""
        self.shown = _handoff_row(found, time.time())
        self.transcript = [_turn_row(message, names) for message in found.transcript]
        self.withheld = found.withheld

    def _close_handoff(self) -> None:
        self._discard_replies("open")
        self.opened, self.transcript, self.withheld, self.shown = "", [], False, _NOBODY

    def _show_resolved(self, one: reports.HandoffInfo) -> None:
        self.notice = f"{one.contact or one.summary}: seen to."
        if self.opened == one.id:
            self._close_handoff()

    def _show_problem(self, error: ClientError) -> None:
        self.problem = error.message


async def _load_data(desk: AsyncDesk) -> HandoffsData:
    waiting, done = await asyncio.gather(desk.handovers(limit=_MOST), desk.handovers(resolved=True, limit=_MOST))
    if done.total > _MOST:
        done = await desk.handovers(resolved=True, limit=_MOST, offset=done.total - _MOST)
    return HandoffsData(waiting, done)


def _handoff_row(one: reports.HandoffInfo, now: float) -> HandoffRow:
    return HandoffRow(
        id=one.id,
        contact=one.contact or "",
        message=one.message or "",
        summary=one.summary,
        reason=one.reason,
        since=activity_charts.format_age(one.created_at, now),
        done=_resolution_text(one, now),
        note=one.note or "",
    )


def _resolution_text(one: reports.HandoffInfo, now: float) -> str:
    if one.resolved_at is None:
        return ""
    by = f" by {one.resolved_by}" if one.resolved_by not in (None, one.user_id) else ""
    return f"Resolved{by}, {activity_charts.format_age(one.resolved_at, now)}"


def _turn_row(message: Message, names: dict[str, str]) -> TurnRow:
    agents = ", ".join(names.get(agent, agent) for agent in message.agents)
    return TurnRow(who="Visitor" if message.role == "user" else agents or "Assistant", text=message.content)
