"""The stored messages and runs of a conversation, read from the API."""

from contextlib import aclosing
from typing import NamedTuple

from frontdesk import AsyncDesk
from frontdesk.client.errors import ClientError
from frontdesk.contracts.events import Route, TraceEnd, TraceStart, TraceUpdate
from frontdesk.contracts.resources import SUPERVISOR, UNDER_WAY, Message, Thread
from ui.chat.conversation import PageConversation
from ui.chat.operations import TraceReplayed
from ui.chat.transcript_ops import trace_from_events

_MESSAGES = 200


class HistoryPage(NamedTuple):
    """A page of a conversation's messages; `earlier` counts the ones before it."""

    messages: list[Message]
    earlier: int


NO_MESSAGES = HistoryPage([], 0)


async def latest_messages(desk: AsyncDesk, conversation: PageConversation) -> HistoryPage:
    """Return the latest messages of a conversation."""
    thread = await find_thread(desk, conversation)
    return await _read_messages(desk, thread.id, thread.messages) if thread else NO_MESSAGES


async def earlier_messages(desk: AsyncDesk, conversation: PageConversation, earlier: int) -> HistoryPage:
    """Return the messages before those that are known already."""
    thread = await find_thread(desk, conversation)
    return await _read_messages(desk, thread.id, min(earlier, thread.messages)) if thread else NO_MESSAGES


async def find_thread(desk: AsyncDesk, conversation: PageConversation) -> Thread | None:
    """Find the stored conversation; None if it has no messages yet."""
    if not conversation.session_id:
        return None
    found = await desk.threads(session=conversation.session_id, agent=conversation.agent or SUPERVISOR, limit=1)
    return found.threads[0] if found.threads else None


def agent_of_thread(thread: Thread) -> str:
    """Return the agent that a conversation is with; empty if the supervisor decides."""
    return "" if thread.agent_id == SUPERVISOR else thread.agent_id


async def find_unreported_run(desk: AsyncDesk, conversation: PageConversation, *, stop: bool = False) -> str:
    """Find the run of a question whose run id did not arrive, if the server took it; with `stop`, cancel it.

    The cancellation is explicit because the server notices only after a moment that the client has disconnected.
    """
    try:
        latest = reversed((await latest_messages(desk, conversation)).messages)
        question = next((message for message in latest if conversation.is_last_question(message)), None)
        if question and stop and question.status in UNDER_WAY:
            await desk.cancel(question.run_id)
    except ClientError:
        return ""
    return question.run_id if question else ""


async def read_trace(desk: AsyncDesk, run_id: str) -> TraceReplayed:
    """Read the trace of a stored answer from the events of its run."""
    events = desk.follow(run_id)
    async with aclosing(events):
        kept = [event async for event in events if isinstance(event, Route | TraceStart | TraceUpdate | TraceEnd)]
    return trace_from_events(run_id, kept)


async def _read_messages(desk: AsyncDesk, thread_id: str, end: int) -> HistoryPage:
    start = max(0, end - _MESSAGES)
    if start == end:
        return NO_MESSAGES
    whole = await desk.thread(thread_id, offset=start, limit=end - start)
    return HistoryPage(whole.history, start)
