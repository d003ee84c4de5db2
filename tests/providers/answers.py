"""Recorded requests, answers in parts, and the sending of an answer: whole, slowly, or broken at any byte."""

import asyncio
import json
import socket
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from tests.providers.script import Fault, Script

_NO_LINGER = struct.pack("ii", 1, 0)  # closing sends RST and not FIN
_LAST_CHUNK = b"0\r\n\r\n"
_LESS_THAN_A_FRAME = 24  # bytes: inside the head of a Bedrock frame, inside the JSON of an OpenAI one


@dataclass(eq=False)
class RecordedRequest:
    """A request as it arrived, and the outcome of its answer."""

    method: str
    path: str
    headers: dict[str, str]  # names in lower case
    body: Any  # parsed JSON; None without a body
    sent: bytes = b""  # head and body, byte for byte
    arrived: float = field(default_factory=time.monotonic)
    closed: threading.Event = field(default_factory=threading.Event)  # the client left before the answer's end
    closed_at: float | None = None
    finished: threading.Event = field(default_factory=threading.Event)  # the server has completed its script
    sent_tokens: int = 0

    def lost(self) -> None:
        """Record that the client closed the connection while the answer was unfinished."""
        self.closed_at = time.monotonic()
        self.closed.set()


@dataclass(frozen=True)
class Frames:
    """A streamed answer in parts, each already a chunk of the transfer."""

    opening: bytes
    tokens: Sequence[bytes]
    closing: bytes  # the end of a whole answer: finish reason, usage
    unfinished: bytes  # the end of an answer without its finish
    failure: bytes  # an error inside the stream
    garbage: bytes  # a frame that cannot be decoded


@dataclass(frozen=True)
class Reply:
    """An answer: either a whole body or frames."""

    content_type: str
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    frames: Frames | None = None

    def head(self) -> bytes:
        """Return the status line and the headers."""
        length = "Transfer-Encoding: chunked" if self.frames else f"Content-Length: {len(self.body)}"
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}", f"Content-Type: {self.content_type}"]
        lines += [length, "Connection: keep-alive", *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """Encode one chunk of a chunked transfer."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def json_reply(status: int, body: object, headers: Sequence[tuple[str, str]] = ()) -> Reply:
    """Build a whole answer in JSON."""
    return Reply("application/json", status, tuple(headers), json.dumps(body).encode())


async def _forever() -> None:
    """Wait until the task is cancelled, because the client leaves or the server stops."""
    await asyncio.Event().wait()


async def play(request: RecordedRequest, script: Script, reply: Reply, writer: asyncio.StreamWriter) -> bool:
    """Send an answer as scripted; return True if the connection can be reused."""
    if script.fault is Fault.HANG:
        await _forever()
    if script.fault in (Fault.CUT, Fault.RESET) and script.at < 0:
        _break_off(script, writer)
        return False
    if reply.frames is None:
        return await _play_whole(script, reply, writer)
    writer.write(reply.head() + reply.frames.opening)
    await _send_tokens(request, script, reply.frames.tokens, writer)
    return await _end(script, reply.frames, writer)


async def _play_whole(script: Script, reply: Reply, writer: asyncio.StreamWriter) -> bool:
    if script.fault is Fault.SLOW_START:
        writer.write(reply.head())
    if reply.status == HTTPStatus.OK:
        await asyncio.sleep(script.first_token_seconds + script.gap_seconds * max(0, len(script.tokens) - 1))
    head = b"" if script.fault is Fault.SLOW_START else reply.head()
    if script.fault in (Fault.CUT, Fault.RESET, Fault.STALL):
        writer.write(head + reply.body[: len(reply.body) // 2])
        return await _stop_sending(script, writer)
    writer.write(head + reply.body)
    await writer.drain()
    return True


async def _send_tokens(
    request: RecordedRequest, script: Script, tokens: Sequence[bytes], writer: asyncio.StreamWriter
) -> None:
    """Send the tokens before the fault, or all of them; without gaps in one write, which spares the shared core."""
    whole = script.fault in (None, Fault.SLOW_START)
    number = len(tokens) if whole else max(0, min(script.at, len(tokens)))
    if script.first_token_seconds:
        await asyncio.sleep(script.first_token_seconds)
    if not script.gap_seconds:
        writer.write(b"".join(tokens[:number]))
        request.sent_tokens = number
        return await writer.drain()
    for index in range(number):
        if index:
            await asyncio.sleep(script.gap_seconds)
        writer.write(tokens[index])
        request.sent_tokens += 1
        await writer.drain()
    return None


async def _end(script: Script, frames: Frames, writer: asyncio.StreamWriter) -> bool:
    if script.fault in (Fault.CUT, Fault.RESET):
        following = [*frames.tokens, frames.closing][min(script.at, len(frames.tokens))]
        writer.write(following[:_LESS_THAN_A_FRAME])
    if script.fault in (Fault.CUT, Fault.RESET, Fault.STALL):
        return await _stop_sending(script, writer)
    ends = {Fault.EXCEPTION: frames.failure, Fault.BAD_CRC: frames.garbage, Fault.NO_FINISH: frames.unfinished}
    closing = frames.closing if script.fault is None else ends.get(script.fault, frames.closing)
    writer.write(closing + _LAST_CHUNK)
    await writer.drain()
    return True


async def _stop_sending(script: Script, writer: asyncio.StreamWriter) -> bool:
    if script.fault is Fault.STALL:
        await _forever()
    _break_off(script, writer)
    return False


def _break_off(script: Script, writer: asyncio.StreamWriter) -> None:
    if script.fault is not Fault.RESET:
        return  # the caller closes the connection, after what was written
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    writer.transport.abort()
