"""A stream that fails by itself, below any door: what was held for it is let go, and the failure is not lost."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator

import pytest
from starlette.types import Message

from backend.http.event_response import EventStream, OpenStreams


async def failing() -> AsyncIterator[bytes]:
    yield b"data: {}\n\n"
    raise sqlite3.OperationalError("disk I/O error")


async def never() -> Message:
    """A client that stays."""
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def test_a_stream_whose_frames_cannot_be_read_ends_and_says_so() -> None:
    streams, left, sent = OpenStreams(1, 5), list[str](), list[Message]()

    async def send(message: Message) -> None:
        sent.append(message)

    before = asyncio.all_tasks()
    stream = EventStream(failing(), streams, lambda: left.append("left"))
    with pytest.raises(sqlite3.OperationalError):
        await stream({}, never, send)
    assert [message.get("body") for message in sent] == [None, b"data: {}\n\n"]
    assert (streams.open, left) == (0, ["left"])
    assert asyncio.all_tasks() == before
