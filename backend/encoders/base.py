"""Responses with the answer of a run: complete, when it has ended, or streamed event by event."""

import asyncio
from collections.abc import AsyncIterator

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from backend.api.deps import OnDisconnect
from backend.desk import OpenDesk
from backend.encoders import sse
from backend.errors import ShuttingDown
from backend.http.error_responses import error_response
from backend.http.event_response import EventStream, left
from backend.http.statuses import STATUS_BY_CODE
from backend.storage.runs import StoredRun
from frontdesk.contracts.events import Cancelled, Done, Error, Event, Route, Source, Sources, Spent, Support, Usage
from knowledge.errors import DeskError

LEFT = "the client left"


class FinishedRun(BaseModel):
    """The outcome of a completed run."""

    session_id: str
    thread_id: str
    agents: list[str]
    sources: list[Source]
    usage: Usage
    cost_usd: float
    supervisor: Spent
    workers: Spent
    reduced: bool
    support: Support | None = None
    time: float
    finish_reason: str


class Answer(FinishedRun):
    """A complete answer."""

    answer: str
    run_id: str


async def whole(desk: OpenDesk, run: StoredRun, request: Request, on_disconnect: OnDisconnect) -> Response | Answer:
    """Return the answer when the run has ended, or the error that ended it."""
    events = await _until_left(desk, run, request, on_disconnect)
    last = events[-1] if events else None
    if isinstance(last, Error):
        return error_response(STATUS_BY_CODE.get(last.code, 500), last.code, last.message, retryable=last.retryable)
    if not isinstance(last, Done):
        return error_response(409, "cancelled", "The answer was stopped before it was whole.", retryable=True)
    answer = await desk.stores.runs.answer_of(run.id)
    return Answer(
        answer=answer or "",
        session_id=run.session_id,
        thread_id=run.thread_id,
        run_id=run.id,
        agents=[agent for event in events if isinstance(event, Route) for agent in event.agents],
        sources=sources_in(events),
        usage=last.usage,
        cost_usd=last.cost_usd,
        supervisor=last.supervisor,
        workers=last.workers,
        reduced=last.reduced,
        support=last.support,
        time=last.time,
        finish_reason=last.finish_reason,
    )


def streamed(
    desk: OpenDesk,
    run: StoredRun,
    on_disconnect: OnDisconnect,
    chunks: AsyncIterator[bytes] | None = None,
    headers: dict[str, str] | None = None,
) -> EventStream:
    """Return a stream of the answer as server-sent events, encoded as in the log unless `chunks` are given."""
    stop = (lambda: desk.runs.cancel_now(run.id, LEFT)) if on_disconnect == "cancel" else None
    return EventStream(chunks or sse.chunks(desk.runs.follow(run.id)), desk.streams, stop, headers)


async def told(desk: OpenDesk, run: StoredRun) -> AsyncIterator[Event | None]:
    """Yield the run's events, always with an end; None for each silence."""
    last = None
    try:
        async for event in sse.events_of(desk.runs.follow(run.id)):
            last = event or last
            yield event
    except DeskError as error:
        yield Error(code=error.code, message=error.message, retryable=error.retryable)
        return
    if not isinstance(last, Done | Cancelled | Error):
        message = f"The desk is being stopped; the answer goes on, see GET /runs/{run.id}."
        yield Error(code=ShuttingDown.code, message=message, retryable=True)


def sources_in(events: list[Event]) -> list[Source]:
    """Return every source once, by its number: an answer that has begun again names them again."""
    by_number = {source.id: source for event in events if isinstance(event, Sources) for source in event.sources}
    return list(by_number.values())


async def _until_left(desk: OpenDesk, run: StoredRun, request: Request, on_disconnect: OnDisconnect) -> list[Event]:
    """Collect the events of the run until it ends or the client disconnects."""
    events: list[Event] = []

    async def read() -> None:
        async for event in told(desk, run):
            if event is not None:
                events.append(event)

    reading, leaving = asyncio.ensure_future(read()), asyncio.ensure_future(left(request.receive))
    try:
        await asyncio.wait({reading, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done() and on_disconnect == "cancel":
            desk.runs.cancel_now(run.id, LEFT)
        if reading.done():
            reading.result()
    finally:
        reading.cancel()
        leaving.cancel()
        await asyncio.gather(reading, leaving, return_exceptions=True)
    return events
