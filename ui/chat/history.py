"""The stored messages and runs of a conversation, read from the API."""

from contextlib import aclosing
from typing import NamedTuple

from frontdesk import AsyncDesk
from frontdesk.client.errors import ClientError
from frontdesk.contracts.events import Route, TraceEnd, TraceStart, TraceUpdate
from frontdesk.contracts.resources import SUPERVISOR, UNDER_WAY, Message, Thread
from ui.chat import transcript_ops
from ui.chat.conversation import PageConversation
from ui.chat.op_stream import Op

_MESSAGES = 200


class HistoryPage(NamedTuple):
    """A page of a conversation's messages; `earlier` counts the ones before it."""

    turns: list[Message]
    earlier: int


NOTHING = HistoryPage([], 0)


async def last_of(desk: AsyncDesk, talk: PageConversation) -> HistoryPage:
    """Return the latest messages of a conversation."""
    thread = await find(desk, talk)
    return await _read(desk, thread.id, thread.messages) if thread else NOTHING


async def before(desk: AsyncDesk, talk: PageConversation, earlier: int) -> HistoryPage:
    """Return the messages before those that are known already."""
    thread = await find(desk, talk)
    return await _read(desk, thread.id, min(earlier, thread.messages)) if thread else NOTHING


async def find(desk: AsyncDesk, talk: PageConversation) -> Thread | None:
    """Find the stored conversation; None if it has no messages yet."""
    if not talk.session_id:
        return None
    found = await desk.threads(session=talk.session_id, agent=talk.agent or SUPERVISOR, limit=1)
    return found.threads[0] if found.threads else None


def agent_of(thread: Thread) -> str:
    """Return the agent that a conversation is with; empty if the supervisor decides."""
    return "" if thread.agent_id == SUPERVISOR else thread.agent_id


async def unnamed_run(desk: AsyncDesk, talk: PageConversation, *, stop: bool = False) -> str:
    """Find the run of a question whose run id did not arrive, if the server took it; with `stop`, cancel it.

    The cancellation is explicit because the server notices only after a moment that the client has disconnected.
    """
    try:
        asked = next((turn for turn in reversed((await last_of(desk, talk)).turns) if talk.is_new(turn)), None)
        if asked and stop and asked.status in UNDER_WAY:
            await desk.cancel(asked.run_id)
    except ClientError:
        return ""
    return asked.run_id if asked else ""


async def how(desk: AsyncDesk, run_id: str) -> Op:
    """Replay the trace of a stored answer."""
    events = desk.follow(run_id)
    async with aclosing(events):
        kept = [event async for event in events if isinstance(event, Route | TraceStart | TraceUpdate | TraceEnd)]
    return transcript_ops.trace(run_id, kept)


async def _read(desk: AsyncDesk, thread_id: str, end: int) -> HistoryPage:
    start = max(0, end - _MESSAGES)
    if start == end:
        return NOTHING
    whole = await desk.thread(thread_id, offset=start, limit=end - start)
    return HistoryPage(whole.history, start)
