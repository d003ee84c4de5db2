"""Server-sent events: how a stored event looks on the wire, and a response that streams a run's frames."""

from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

from agents.events import EVENTS, Error, Event, Heartbeat
from knowledge.errors import DeskError

Frame = bytes

# Proxies must neither keep nor compress nor hold back what should arrive word by word.
_HEADERS = {"cache-control": "no-cache, no-transform", "x-accel-buffering": "no"}
_HEARTBEAT: Frame = b"data: " + Heartbeat().model_dump_json().encode() + b"\n\n"


def frame(seq: int, payload: bytes) -> Frame:
    """A stored event on the wire."""
    return b"id: %d\ndata: %s\n\n" % (seq, payload)


def event_of(frame: Frame) -> Event:
    """The event in a frame."""
    return EVENTS.validate_json(frame[frame.index(b"data: ") + 6 :])


def stream(batches: AsyncIterator[list[Frame]]) -> StreamingResponse:
    """Frames as they come, several in one write where several have come; a heartbeat where none have."""

    async def body() -> AsyncIterator[bytes]:
        try:
            async for frames in batches:
                yield b"".join(frames) or _HEARTBEAT
        except DeskError as error:
            # What cannot be stored has no number; the client must hear of its end all the same.
            last = Error(code=error.code, message=error.message, retryable=error.retryable)
            yield b"data: " + last.model_dump_json().encode() + b"\n\n"

    return StreamingResponse(body(), media_type="text/event-stream", headers=_HEADERS)
