"""Server-sent events: how a stored event looks on the wire, and a run's frames as a stream of bytes."""

from collections.abc import AsyncIterator

import orjson

from frontdesk.contracts.events import EVENTS, Error, Event, Heartbeat
from knowledge.errors import DeskError

Frame = bytes

_HEARTBEAT: Frame = b"data: " + Heartbeat().model_dump_json().encode() + b"\n\n"
HEARTBEAT_COMMENT: Frame = b": heartbeat\n\n"


def frame(seq: int, payload: bytes) -> Frame:
    """A stored event on the wire."""
    return b"id: %d\ndata: %s\n\n" % (seq, payload)


def data(value: object) -> Frame:
    """Anything on the wire that has no number."""
    return b"data: " + orjson.dumps(value) + b"\n\n"


def event_of(frame: Frame) -> Event:
    """The event in a frame."""
    return EVENTS.validate_json(frame[frame.index(b"data: ") + 6 :])


async def events_of(batches: AsyncIterator[list[Frame]]) -> AsyncIterator[Event | None]:
    """The events in a run's frames; None for each silence."""
    async for frames in batches:
        if not frames:
            yield None
        for one in frames:
            yield event_of(one)


async def chunks(batches: AsyncIterator[list[Frame]]) -> AsyncIterator[bytes]:
    """Frames as they come, several in one piece where several have come; a heartbeat where none have."""
    try:
        async for frames in batches:
            yield b"".join(frames) or _HEARTBEAT
    except DeskError as error:
        # What cannot be stored has no number; the client must hear of its end all the same.
        last = Error(code=error.code, message=error.message, retryable=error.retryable)
        yield b"data: " + last.model_dump_json().encode() + b"\n\n"
