"""The events of a scripted run as its log hands them to an encoder, with fixed ids and times."""

from collections.abc import AsyncIterator, Callable

from agents.assistant import AnswerOutcome
from backend.encoders.sse import Frame, frame
from backend.storage.runs import StoredRun
from frontdesk.contracts.events import Cancelled, Done, Error, Event, Spent, Start, Usage
from knowledge.errors import DeskError
from tests.backend.encoders.scripts import REASON, Act, Script

RUN = StoredRun("run-1", "thread-1", "session-1", "local", "billing", "in_progress", "?", 1_767_225_600.0)
USAGE = Usage(prompt=1200, completion=34, total=1234, cached=1000, estimated=True)


async def batches_of(script: Script, encode: Callable[[Event, float], bytes]) -> AsyncIterator[list[Frame]]:
    """Yield one event at a time, nothing for a pause, and after a shutdown no end."""
    names = {"thread_id": RUN.thread_id, "session_id": RUN.session_id, "generation_id": RUN.id}
    events: list[Event | Act] = [Start(run_id=RUN.id, **names)]
    for item in script:
        match item:
            case AnswerOutcome():
                events.append(_done(item))
            case Act.CANCEL:
                events.append(Cancelled(reason=REASON, message_id="message-1"))
            case DeskError():
                events.append(Error(code=item.code, message=item.message, retryable=item.retryable))
            case Exception():
                events.append(Error(code="internal_error", message="Something went wrong.", retryable=True))
            case _:
                events.append(item)
    number = 0
    for event in events:
        if event is Act.PAUSE:
            yield []
        elif not isinstance(event, Act):
            yield [frame(number, encode(event, RUN.created_at + number / 7))]
            number += 1


def _done(outcome: AnswerOutcome) -> Done:
    return Done(
        message_id="message-1",
        usage=USAGE,
        cost_usd=1.5e-07,
        supervisor=Spent(usage=USAGE, cost_usd=0.0125),
        reduced=outcome.reduced,
        support=outcome.support,
        see_also=outcome.see_also,
        highlights=outcome.highlights,
        tokens=3,
        tokens_used=1234,
        time=0.25,
        finish_reason=outcome.finish_reason,
    )
