"""A cheap client that follows runs over a bare socket and can resume them where it lost them."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

import orjson

from tests.serving import Server
from tests.sse import text_of

_RUN_ID = re.compile(rb'"run_id":"([^"]+)"')
_ENDS = (b'"type":"done"', b'"type":"cancelled"', b'"type":"error"')


@dataclass
class Follower:
    """The frames of one run; `seen` is set once one of them contains `sight`."""

    sight: bytes = b""
    frames: list[bytes] = field(default_factory=list)
    misnumbered: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    seen: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def run_id(self) -> str:
        found = _RUN_ID.search(self.frames[0])
        return found[1].decode() if found else ""

    @property
    def text(self) -> str:
        """The answer as it was received."""
        return text_of([orjson.loads(frame[frame.index(b"data: ") + 6 :]) for frame in self.frames])

    @property
    def ended(self) -> bool:
        return bool(self.frames) and any(end in self.frames[-1] for end in _ENDS)

    async def read(self, server: Server, request: bytes, most: int | None = None) -> None:
        """Read complete frames, all or `most` of them, until the stream ends or breaks."""
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request)
        enough = sys.maxsize if most is None else len(self.frames) + most
        number = b""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            async for line in _lines(reader):
                if line.startswith(b"data: ") and number:
                    self._take(number, line)
                    if len(self.frames) == enough:
                        break
                number = line if line.startswith(b"id: ") else b""
        self.begun.set()
        self.seen.set()
        writer.close()

    def _take(self, number: bytes, data: bytes) -> None:
        self.misnumbered += int(number[4:]) != len(self.frames)
        self.frames.append(b"%s\n%s\n\n" % (number, data))
        self.begun.set()
        if self.sight in data:
            self.seen.set()


async def _lines(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield the lines of a chunked body."""
    await reader.readuntil(b"\r\n\r\n")
    kept = b""
    while size := int(await reader.readline() or b"0", 16):
        *whole, kept = (kept + (await reader.readexactly(size + 2))[:-2]).split(b"\n")
        for line in whole:
            yield line


def asking(server: Server, message: str, **more: str) -> bytes:
    """Build the raw request that asks a question."""
    body = orjson.dumps({"message": message, **more})
    return b"POST /chat/stream HTTP/1.1\r\n%scontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
        _host(server),
        len(body),
        body,
    )


def following(server: Server, run_id: str, after: int) -> bytes:
    """Build the raw request for the rest of a run."""
    head = f"GET /runs/{run_id}/stream HTTP/1.1\r\nlast-event-id: {after}\r\n"
    return head.encode() + _host(server) + b"\r\n"


def _host(server: Server) -> bytes:
    return b"host: 127.0.0.1:%d\r\nconnection: close\r\n" % server.port
