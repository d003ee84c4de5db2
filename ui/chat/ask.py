"""One question on its way to the desk, and its answer on the way back, as what a page is told of it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import NamedTuple

from frontdesk import AsyncDesk
from frontdesk.client.endpoints import Choices
from frontdesk.client.errors import DeskError, Refused
from frontdesk.contracts.events import Event
from frontdesk.contracts.resources import Step
from ui.chat import history, transcript_ops
from ui.chat.batching import paced
from ui.chat.conversation import Question, Talk
from ui.chat.op_stream import Op

# Errors from here on say nothing of the request.
_SERVERS_OWN = 500


class Asking(NamedTuple):
    """A question that is to be asked now."""

    question: Question
    replaced: str
    desk: AsyncDesk
    streaming: bool


async def answered(asking: Asking, talk: Talk) -> AsyncGenerator[list[Op], None]:
    """As it is written, or at once; raises what the desk says is wrong."""
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
        except DeskError as error:
            # It may have been taken all the same; whoever asks again is then to take its place.
            was_refused = isinstance(error, Refused) and error.status < _SERVERS_OWN
            if not was_refused and not talk.run_id and (run_id := await history.unnamed_run(desk, talk)):
                yield [transcript_ops.begun(run_id)]
            raise


def _choices(talk: Talk, replaced: str) -> Choices:
    # An answer that was stopped may still be on its way out.
    choices = Choices(session_id=talk.session_id, agent=talk.agent or None, when_busy="enqueue")
    if replaced:
        choices["replaces"] = replaced
    return choices


async def _read(
    events: AsyncGenerator[Event, None], talk: Talk, desk: AsyncDesk, streaming: bool
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
    """All of them, once there are no more."""
    yield [event async for event in events]


async def _wait(question: Question, talk: Talk, desk: AsyncDesk, replaced: str) -> AsyncGenerator[list[Op], None]:
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
    """An answer is whole without them."""
    try:
        return (await desk.run(run_id)).steps
    except DeskError:
        return []


async def stop(desk: AsyncDesk, run_id: str) -> None:
    """It may have ended in the meantime."""
    with suppress(DeskError):
        await desk.cancel(run_id)
