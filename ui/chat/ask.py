"""One question sent to the API, and its answer as operations for the page."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import NamedTuple

from frontdesk import AsyncDesk
from frontdesk.client.endpoints import AskOptions
from frontdesk.client.errors import ClientError, Refused
from frontdesk.contracts.events import Event
from frontdesk.contracts.resources import Step
from ui.chat import history
from ui.chat.batching import batch_events
from ui.chat.conversation import PageConversation, PageQuestion
from ui.chat.operations import AnswerCancelled, RunIdentified, TranscriptOp
from ui.chat.transcript_ops import ops_from_answer, ops_from_events

# Statuses from here on do not mean that the request was rejected.
_SERVERS_OWN = 500


class PendingQuestion(NamedTuple):
    """A question that is due to be asked."""

    question: PageQuestion
    replaced: str
    desk: AsyncDesk
    is_streaming: bool


async def stream_answer(
    pending: PendingQuestion, conversation: PageConversation
) -> AsyncGenerator[list[TranscriptOp], None]:
    """Yield the answer's operations as it is written, or all at once; raise the errors of the API."""
    question, replaced, desk, is_streaming = pending
    if question.run_id:
        batches = _stream_ops(desk.follow(question.run_id), conversation, desk, is_streaming)
    elif is_streaming:
        events = desk.stream(question.text, **_ask_options(conversation, replaced))
        batches = _stream_ops(events, conversation, desk, is_streaming)
    else:
        batches = _wait_for_answer(question, conversation, desk, replaced)
    async with desk, aclosing(batches):
        try:
            async for ops in batches:
                yield ops
        except ClientError as error:
            # The server may have taken the question; if so, asking again must replace it.
            was_refused = isinstance(error, Refused) and error.status < _SERVERS_OWN
            if not was_refused and not conversation.run_id:
                run_id = await history.find_unreported_run(desk, conversation)
                if run_id:
                    yield [RunIdentified(run_id)]
            raise


def _ask_options(conversation: PageConversation, replaced: str) -> AskOptions:
    # A cancelled answer may still be ending.
    options = AskOptions(session_id=conversation.session_id, agent=conversation.agent or None, when_busy="enqueue")
    if replaced:
        options["replaces"] = replaced
    return options


async def _stream_ops(
    events: AsyncGenerator[Event, None], conversation: PageConversation, desk: AsyncDesk, is_streaming: bool
) -> AsyncGenerator[list[TranscriptOp], None]:
    batches = batch_events(events) if is_streaming else _in_one_batch(events)
    is_cancelled = False
    async with aclosing(events), aclosing(batches):
        async for batch in batches:
            yield ops_from_events(batch)
            if conversation.stop_requested.is_set() and conversation.run_id and not is_cancelled:
                is_cancelled = True
                await cancel_run(desk, conversation.run_id)


async def _in_one_batch(events: AsyncGenerator[Event, None]) -> AsyncGenerator[list[Event], None]:
    """Collect all events and yield them once, at the end."""
    yield [event async for event in events]


async def _wait_for_answer(
    question: PageQuestion, conversation: PageConversation, desk: AsyncDesk, replaced: str
) -> AsyncGenerator[list[TranscriptOp], None]:
    options = _ask_options(conversation, replaced)
    options["on_disconnect"] = "cancel"
    answering = asyncio.create_task(desk.ask(question.text, **options), name="wait for an answer")
    stopping = asyncio.create_task(conversation.stop_requested.wait(), name="wait for a stop")
    try:
        await asyncio.wait((answering, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            run_id = await history.find_unreported_run(desk, conversation, stop=True)
            yield [*([RunIdentified(run_id)] if run_id else []), AnswerCancelled()]
            return
        answer = answering.result()
        yield ops_from_answer(answer, await _steps_of_run(desk, answer.run_id))
    finally:
        answering.cancel()
        stopping.cancel()
        await asyncio.wait((answering, stopping))


async def _steps_of_run(desk: AsyncDesk, run_id: str) -> list[Step]:
    """Return the steps of a run, or none if they cannot be read: the answer is complete without them."""
    try:
        return (await desk.run(run_id)).steps
    except ClientError:
        return []


async def cancel_run(desk: AsyncDesk, run_id: str) -> None:
    """Cancel a run, which may have ended in the meantime."""
    with suppress(ClientError):
        await desk.cancel(run_id)
