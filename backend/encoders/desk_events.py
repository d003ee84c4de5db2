"""The desk's own form: numbered events, encoded once when they are stored and sent to every client as they are."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from backend.encoders import sse
from backend.encoders.sse import Frame
from backend.storage.runs import StoredRun
from frontdesk.contracts.events import Event, EventStamp, Heartbeat, Start
from knowledge.errors import DeskError

_HEARTBEAT = sse.data_frame(Heartbeat().model_dump_json().encode())
# Stands for the time of an event.
_MOMENT = "-"


class DeskEventEncoder:
    """The form of `Event` in the OpenAPI document."""

    def __init__(self, run: StoredRun) -> None:
        # All stamps of a run are the same but for the time, which is their last field.
        stamp = EventStamp(session_id=run.session_id, timestamp=_MOMENT)
        self._stamp = _before_moment(stamp.model_dump_json())
        self._stamp_of_start = _before_moment(stamp.model_dump_json(exclude={"session_id"}))

    def encode(self, event: Event, at: float) -> bytes:
        """Return the JSON of an event that is to be stored, with its stamp."""
        return b'%s,%s%s"}' % (
            event.model_dump_json(exclude_none=True).encode()[:-1],
            self._stamp_of_start if isinstance(event, Start) else self._stamp,
            datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").encode(),
        )

    async def stream(self, batches: AsyncIterator[list[Frame]]) -> AsyncIterator[bytes]:
        """Yield stored frames as they come, joined where several have come; a heartbeat where none have."""
        try:
            async for frames in batches:
                yield b"".join(frames) or _HEARTBEAT
        except DeskError as error:
            # An event that cannot be stored has no number; the client must learn of the end all the same.
            yield sse.data_frame(sse.error_of(error).model_dump_json().encode())


def _before_moment(stamp: str) -> bytes:
    """Return the fields of a stamp up to its time, to follow those of an event."""
    return stamp[1:].rpartition(f'{_MOMENT}"}}')[0].encode()
