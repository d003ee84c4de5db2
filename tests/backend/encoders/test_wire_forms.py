"""The bytes of every wire form for every kind of event are those that were recorded in `recordings/`."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import TypeAdapter

from backend.encoders.desk_events import DeskEventEncoder
from backend.encoders.encoder import json_of
from backend.encoders.gateway import GatewayEncoder
from backend.encoders.gateway_socket import SocketEncoder
from backend.encoders.llm import LlmEncoder
from backend.encoders.sse import Frame
from frontdesk.contracts.events import EVENTS, EventStamp
from frontdesk.contracts.gateway import GATEWAY_FRAMES, SOCKET_FRAMES
from frontdesk.contracts.llm import LLM_FRAMES, CalledTool
from tests.backend.encoders.batches import RUN, batches_of
from tests.backend.encoders.scripts import CALLS, SCRIPTS

RECORDINGS = Path(__file__).parent / "recordings"

Batches = AsyncIterator[list[Frame]]


async def called() -> list[CalledTool]:
    return [CalledTool.model_validate(call) for call in CALLS]


async def over_socket(batches: Batches, request_id: str | None) -> AsyncIterator[bytes]:
    """Yield what a socket is sent of a generation, a line for each frame."""
    encoder = SocketEncoder(RUN, request_id)
    yield json_of(encoder.begin()) + b"\n"
    async for frame in encoder.frames(batches):
        if frame:
            yield json_of(frame) + b"\n"


FORMS: dict[str, Callable[[Batches], AsyncIterator[bytes]]] = {
    "desk": lambda batches: DeskEventEncoder(RUN).stream(batches),
    "gateway": lambda batches: GatewayEncoder(RUN).stream(batches),
    "socket": lambda batches: over_socket(batches, None),
    "socket_named": lambda batches: over_socket(batches, 'my "name" Zürich'),
    "model": lambda batches: LlmEncoder(RUN, called).stream(batches),
}


@pytest.mark.parametrize("form", FORMS)
async def test_a_form_is_what_was_recorded(form: str) -> None:
    told = []
    for name, script in SCRIPTS.items():
        batches = batches_of(script, DeskEventEncoder(RUN).encode)
        told.append(f"=== {name}\n".encode() + b"".join([chunk async for chunk in FORMS[form](batches)]))
    assert b"\n".join(told) == (RECORDINGS / f"form_{form}.txt").read_bytes()


@pytest.mark.parametrize(
    ("form", "document"),
    [
        ("desk", EVENTS),
        ("gateway", GATEWAY_FRAMES),
        ("socket", SOCKET_FRAMES),
        ("socket_named", SOCKET_FRAMES),
        ("model", LLM_FRAMES),
    ],
)
def test_every_frame_is_a_model_of_the_document(form: str, document: TypeAdapter[Any]) -> None:
    lines = (RECORDINGS / f"form_{form}.txt").read_text(encoding="utf-8").split("\n")
    frames = [orjson.loads(line.removeprefix("data: ")) for line in lines if line.startswith(("data: ", "{"))]
    assert len(frames) > len(SCRIPTS)
    for frame in frames:
        shown = document.validate_python(frame).model_dump(exclude_none=True)
        stamp = EventStamp.model_fields.keys() - shown.keys() if form == "desk" else set()
        assert {name: value for name, value in frame.items() if name not in stamp} == shown
