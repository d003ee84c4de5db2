"""A run whose log cannot be read to its end: every form tells the client so in its last frame."""

from collections.abc import AsyncIterator

import pytest

from backend.encoders.desk_events import DeskEventEncoder
from backend.encoders.encoder import StreamEncoder, json_of
from backend.encoders.gateway import GatewayEncoder
from backend.encoders.gateway_socket import SocketEncoder
from backend.encoders.llm import LlmEncoder
from backend.encoders.sse import Frame, frame
from backend.errors import StorageFailed
from backend.storage.runs import StoredRun
from frontdesk.contracts.events import Token
from frontdesk.contracts.llm import CalledTool

RUN = StoredRun("run-1", "thread-1", "session-1", "local", "billing", "in_progress", "?", 1_767_225_600.0)
PROBLEM = b'"code":"storage_failed","message":"no room","retryable":true'
SAID = (
    b'id: 0\ndata: {"type":"token","content":"So far","agent":"billing",'
    b'"session_id":"session-1","timestamp":"2026-01-01T00:00:00.125+00:00"}\n\n'
)


async def breaking() -> AsyncIterator[list[Frame]]:
    event = Token(content="So far", agent="billing")
    yield [frame(0, DeskEventEncoder(RUN).encode(event, 1_767_225_600.125))]
    yield []
    raise StorageFailed("no room")


async def no_calls() -> list[CalledTool]:
    return []


@pytest.mark.parametrize(
    ("encoder", "written"),
    [
        (
            DeskEventEncoder(RUN),
            [SAID, b'data: {"type":"heartbeat"}\n\n', b'data: {"type":"error",%s}\n\n' % PROBLEM],
        ),
        (
            GatewayEncoder(RUN),
            [
                b'data: {"token":"So far","text":"So far"}\n\n',
                b": heartbeat\n\n",
                b'data: {"error":{%s},"generation_id":"run-1"}\n\n' % PROBLEM,
            ],
        ),
        (
            LlmEncoder(RUN, no_calls),
            [
                b'data: {"content":"So far"}\n\n',
                b": heartbeat\n\n",
                b'data: {"error":{%s},"run_id":"run-1"}\n\n' % PROBLEM,
            ],
        ),
    ],
    ids=["desk", "gateway", "model"],
)
async def test_the_last_frame_of_a_stream_says_why(encoder: StreamEncoder, written: list[bytes]) -> None:
    assert [chunk async for chunk in encoder.stream(breaking())] == written


async def test_so_does_that_of_a_socket() -> None:
    frames = [told async for told in SocketEncoder(RUN, "mine").frames(breaking())]
    assert [json_of(told) if told else None for told in frames] == [
        b'{"generation_id":"run-1","request_id":"mine","token":"So far","text":"So far"}',
        None,
        b'{"generation_id":"run-1","request_id":"mine","error":{%s}}' % PROBLEM,
    ]
