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
from ui.chat import history, transcript_ops
from ui.chat.batching import paced
from ui.chat.conversation import PageConversation, PageQuestion
from ui.chat.op_stream import Op

# Statuses from here on do not mean that the request was rejected.
_SERVERS_OWN = 500


class PendingQuestion(NamedTuple):
    """A question that is due to be asked."""

    question: PageQuestion
    replaced: str
    desk: AsyncDesk
    streaming: bool


async def answered(asking: PendingQuestion, talk: PageConversation) -> AsyncGenerator[list[Op], None]:
    """Yield the answer's operations as it is written, or all at once; raise the errors of the API."""
    question, replaced, desk, streaming = asking
    if question.run_id:
        told = _read(desk.follow(question.run_id), talk, desk, streaming)
    elif streaming:
        told = _read(desk.stream(question.text, **_choices(talk, replaced)), talk, desk, streaming)
    else:
        told = _wait(question, talk, desk, replaced)
    async with desk, aclosing(told):
        try:
            async for ops in told:
                yield ops
        except ClientError as error:
            # The server may have taken the question; if so, asking again must replace it.
            was_refused = isinstance(error, Refused) and error.status < _SERVERS_OWN
            if not was_refused and not talk.run_id and (run_id := await history.unnamed_run(desk, talk)):
                yield [transcript_ops.begun(run_id)]
            raise


def _choices(talk: PageConversation, replaced: str) -> AskOptions:
    # A cancelled answer may still be ending.
    choices = AskOptions(session_id=talk.session_id, agent=talk.agent or None, when_busy="enqueue")
    if replaced:
        choices["replaces"] = replaced
    return choices


async def _read(
    events: AsyncGenerator[Event, None], talk: PageConversation, desk: AsyncDesk, streaming: bool
) -> AsyncGenerator[list[Op], None]:
    batches = paced(events) if streaming else _whole(events)
    is_cancelled = False
    async with aclosing(events), aclosing(batches):
        async for batch in batches:
            yield transcript_ops.of_events(batch)
            if talk.stopping.is_set() and talk.run_id and not is_cancelled:
                is_cancelled = True
                await stop(desk, talk.run_id)


async def _whole(events: AsyncGenerator[Event, None]) -> AsyncGenerator[list[Event], None]:
    """Collect all events and yield them once, at the end."""
    yield [event async for event in events]


async def _wait(
    question: PageQuestion, talk: PageConversation, desk: AsyncDesk, replaced: str
) -> AsyncGenerator[list[Op], None]:
    choices = _choices(talk, replaced)
    choices["on_disconnect"] = "cancel"
    asking = asyncio.create_task(desk.ask(question.text, **choices), name="wait for an answer")
    stopping = asyncio.create_task(talk.stopping.wait(), name="wait for a stop")
    try:
        await asyncio.wait((asking, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not asking.done():
            run_id = await history.unnamed_run(desk, talk, stop=True)
            yield [*([transcript_ops.begun(run_id)] if run_id else []), transcript_ops.stopped()]
            return
        answer = asking.result()
        yield transcript_ops.of_answer(answer, await _steps(desk, answer.run_id))
    finally:
        asking.cancel()
        stopping.cancel()
        await asyncio.wait((asking, stopping))


async def _steps(desk: AsyncDesk, run_id: str) -> list[Step]:
    """Return the steps of a run, or none if they cannot be read: the answer is complete without them."""
    try:
        return (await desk.run(run_id)).steps
    except ClientError:
        return []


async def stop(desk: AsyncDesk, run_id: str) -> None:
    """Cancel a run, which may have ended in the meantime."""
    with suppress(ClientError):
        await desk.cancel(run_id)
