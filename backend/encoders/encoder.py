"""The base of the wire forms: each encodes the events of a run as the frames that one kind of client reads."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from typing import Any, Generic, Protocol, TypeVar

import orjson
from pydantic import BaseModel

from backend.encoders import sse
from backend.encoders.sse import Frame
from backend.storage.runs import StoredRun
from frontdesk.contracts.events import Event

FrameT = TypeVar("FrameT", bound=BaseModel)


class StreamEncoder(Protocol):
    """A wire form of one run over server-sent events."""

    def stream(self, batches: AsyncIterator[list[Frame]]) -> AsyncIterator[bytes]:
        """Yield the bytes that a client reads for a run's stored events."""
        ...


class FrameEncoder(ABC, Generic[FrameT]):
    """A wire form of one run whose frames are models of their own, which the OpenAPI document shows.

    An encoder may keep what a frame repeats of earlier events, so that each stream needs its own.
    """

    def __init__(self, run: StoredRun) -> None:
        self.run = run

    @abstractmethod
    async def encode(self, event: Event) -> Sequence[FrameT]:
        """Return the frames of an event: none, if it has none in this form."""

    async def frames(self, batches: AsyncIterator[list[Frame]]) -> AsyncIterator[FrameT | None]:
        """Yield the frames of a run, always with an end; None for each silence."""
        async for event in sse.events_to_end(batches, self.run.id):
            if event is None:
                yield None
            else:
                for frame in await self.encode(event):
                    yield frame

    async def stream(self, batches: AsyncIterator[list[Frame]]) -> AsyncIterator[bytes]:
        """Yield the frames of a run as server-sent events, and a comment for each silence."""
        async for frame in self.frames(batches):
            yield sse.HEARTBEAT_COMMENT if frame is None else sse.data_frame(json_of(frame))


def json_of(frame: BaseModel) -> bytes:
    """Serialise a frame without the fields that are None; long texts take a tenth of what pydantic takes for them."""
    return orjson.dumps(_fields(frame), default=_fields)


def _fields(model: BaseModel) -> dict[str, Any]:
    return {name: value for name, value in vars(model).items() if value is not None}
