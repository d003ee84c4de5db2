"""Responses with the answer of a run: complete, when it has ended, or streamed event by event."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from backend.api.deps import OnDisconnect
from backend.desk import OpenDesk
from backend.encoders import sse
from backend.encoders.encoder import StreamEncoder
from backend.http.error_responses import error_response
from backend.http.event_response import EventStream, wait_for_disconnect
from backend.http.statuses import STATUS_BY_CODE
from backend.storage.runs import StoredRun
from frontdesk.contracts.answers import Answer, related_sections
from frontdesk.contracts.events import Done, Error, Event, Route, Source, Sources

LEFT = "the client left"


async def whole(desk: OpenDesk, run: StoredRun, request: Request, on_disconnect: OnDisconnect) -> Response | Answer:
    """Return the answer when the run has ended, or the error that ended it."""
    events = await _until_left(desk, run, request, on_disconnect)
    last = events[-1] if events else None
    if isinstance(last, Error):
        return error_response(STATUS_BY_CODE.get(last.code, 500), last.code, last.message, retryable=last.retryable)
    if not isinstance(last, Done):
        return error_response(409, "cancelled", "The answer was stopped before it was whole.", retryable=True)
    answer, sources = await desk.stores.runs.answer_of(run.id), sources_in(events)
    return Answer(
        answer=answer or "",
        session_id=run.session_id,
        thread_id=run.thread_id,
        run_id=run.id,
        agents=[agent for event in events if isinstance(event, Route) for agent in event.agents],
        sources=sources,
        usage=last.usage,
        cost_usd=last.cost_usd,
        supervisor=last.supervisor,
        workers=last.workers,
        reduced=last.reduced,
        quoted=last.quoted,
        cached=last.cached,
        support=last.support,
        see_also=related_sections(last.see_also, map(dict, sources)),
        highlights=last.highlights,
        time=last.time,
        finish_reason=last.finish_reason,
    )


def streamed(
    desk: OpenDesk,
    run: StoredRun,
    encoder: StreamEncoder,
    on_disconnect: OnDisconnect,
    headers: dict[str, str] | None = None,
) -> EventStream:
    """Return a stream of the answer as server-sent events, in the form of that encoder."""
    stop = (lambda: desk.runs.cancel_now(run.id, LEFT)) if on_disconnect == "cancel" else None
    return EventStream(encoder.stream(desk.runs.follow(run.id)), desk.streams, stop, headers)


def sources_in(events: list[Event]) -> list[Source]:
    """Return every source once, by its number: an answer that has begun again names them again."""
    by_number = {source.id: source for event in events if isinstance(event, Sources) for source in event.sources}
    return list(by_number.values())


async def _until_left(desk: OpenDesk, run: StoredRun, request: Request, on_disconnect: OnDisconnect) -> list[Event]:
    """Collect the events of the run until it ends or the client disconnects."""
    events: list[Event] = []

    async def read() -> None:
        async for event in sse.events_to_end(desk.runs.follow(run.id), run.id):
            if event is not None:
                events.append(event)

    reading, leaving = asyncio.ensure_future(read()), asyncio.ensure_future(wait_for_disconnect(request.receive))
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
