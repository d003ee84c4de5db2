"""Server-sent events: the encoding of stored events, and a run's frames as a stream of bytes."""

from collections.abc import AsyncIterator

import orjson

from frontdesk.contracts.events import EVENTS, Error, Event, Heartbeat
from knowledge.errors import DeskError

Frame = bytes

_HEARTBEAT: Frame = b"data: " + Heartbeat().model_dump_json().encode() + b"\n\n"
HEARTBEAT_COMMENT: Frame = b": heartbeat\n\n"


def frame(seq: int, payload: bytes) -> Frame:
    """Encode a stored event."""
    return b"id: %d\ndata: %s\n\n" % (seq, payload)


def data(value: object) -> Frame:
    """Encode a value that has no number."""
    return b"data: " + orjson.dumps(value) + b"\n\n"


def event_of(frame: Frame) -> Event:
    """Decode the event in a frame."""
    return EVENTS.validate_json(frame[frame.index(b"data: ") + 6 :])


async def events_of(batches: AsyncIterator[list[Frame]]) -> AsyncIterator[Event | None]:
    """Yield the events in a run's frames; None for each silence."""
    async for frames in batches:
        if not frames:
            yield None
        for one in frames:
            yield event_of(one)


async def chunks(batches: AsyncIterator[list[Frame]]) -> AsyncIterator[bytes]:
    """Yield frames as they come, joined where several have come; a heartbeat where none have."""
    try:
        async for frames in batches:
            yield b"".join(frames) or _HEARTBEAT
    except DeskError as error:
        # An event that cannot be stored has no number; the client must learn of the end all the same.
        last = Error(code=error.code, message=error.message, retryable=error.retryable)
        yield b"data: " + last.model_dump_json().encode() + b"\n\n"
