"""Server-sent events: how frames are written, and how the events of a run are read from those that are stored."""

from collections.abc import AsyncIterator

from backend.errors import ShuttingDown
from frontdesk.contracts.events import EVENTS, Cancelled, Done, Error, Event
from knowledge.errors import DeskError

Frame = bytes

HEARTBEAT_COMMENT = b": heartbeat\n\n"


def frame(seq: int, payload: bytes) -> Frame:
    """Write the JSON of a stored event with its number."""
    return b"id: %d\ndata: %s\n\n" % (seq, payload)


def data_frame(payload: bytes) -> bytes:
    """Write JSON that has no number."""
    return b"data: %s\n\n" % payload


def event_of(frame: Frame) -> Event:
    """Read the event in a frame."""
    return EVENTS.validate_json(frame[frame.index(b"data: ") + 6 :])


def error_of(error: DeskError) -> Error:
    """Return the event that ends a stream whose run cannot be read to its end."""
    return Error(code=error.code, message=error.message, retryable=error.retryable)


async def events_to_end(batches: AsyncIterator[list[Frame]], run_id: str) -> AsyncIterator[Event | None]:
    """Yield the events in a run's frames, always with an end; None for each silence."""
    last = None
    try:
        async for frames in batches:
            if not frames:
                yield None
            for frame in frames:
                last = event_of(frame)
                yield last
    except DeskError as error:
        yield error_of(error)
        return
    if not isinstance(last, Done | Cancelled | Error):
        yield error_of(ShuttingDown(f"The desk is being stopped; the answer goes on, see GET /runs/{run_id}."))
