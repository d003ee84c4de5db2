"""What was said before, as a desk keeps it."""

from contextlib import aclosing
from typing import NamedTuple

from frontdesk import AsyncDesk
from frontdesk.client.errors import DeskError
from frontdesk.contracts.events import Route, TraceEnd, TraceStart, TraceUpdate
from frontdesk.contracts.resources import SUPERVISOR, UNDER_WAY, Message, Thread
from ui.chat import transcript_ops
from ui.chat.conversation import Talk
from ui.chat.op_stream import Op

_MESSAGES = 200


class Past(NamedTuple):
    """The last messages of a conversation, or those before; `earlier` counts what comes before them."""

    turns: list[Message]
    earlier: int


NOTHING = Past([], 0)


async def last_of(desk: AsyncDesk, talk: Talk) -> Past:
    """The end of a conversation."""
    thread = await find(desk, talk)
    return await _read(desk, thread.id, thread.messages) if thread else NOTHING


async def before(desk: AsyncDesk, talk: Talk, earlier: int) -> Past:
    """What comes before the messages that are known already."""
    thread = await find(desk, talk)
    return await _read(desk, thread.id, min(earlier, thread.messages)) if thread else NOTHING


async def find(desk: AsyncDesk, talk: Talk) -> Thread | None:
    """The conversation, if something was said in it."""
    if not talk.session_id:
        return None
    found = await desk.threads(session=talk.session_id, agent=talk.agent or SUPERVISOR, limit=1)
    return found.threads[0] if found.threads else None


def agent_of(thread: Thread) -> str:
    """Who alone answers in it; nobody, where the supervisor decides."""
    return "" if thread.agent_id == SUPERVISOR else thread.agent_id


async def unnamed_run(desk: AsyncDesk, talk: Talk, *, stop: bool = False) -> str:
    """What became of a question whose run was not told, if it was taken; perhaps it is to be stopped.

    That is not to be left to the desk, which notices only in a moment that nobody waits for an answer any more.
    """
    try:
        asked = next((turn for turn in reversed((await last_of(desk, talk)).turns) if talk.is_new(turn)), None)
        if asked and stop and asked.status in UNDER_WAY:
            await desk.cancel(asked.run_id)
    except DeskError:
        return ""
    return asked.run_id if asked else ""


async def how(desk: AsyncDesk, run_id: str) -> Op:
    """How an answer came about, told once more."""
    events = desk.follow(run_id)
    async with aclosing(events):
        kept = [event async for event in events if isinstance(event, Route | TraceStart | TraceUpdate | TraceEnd)]
    return transcript_ops.trace(run_id, kept)


async def _read(desk: AsyncDesk, thread_id: str, end: int) -> Past:
    start = max(0, end - _MESSAGES)
    if start == end:
        return NOTHING
    whole = await desk.thread(thread_id, offset=start, limit=end - start)
    return Past(whole.history, start)
