"""The transport of a connection: write buffer limits for slow clients, and flow control of reading."""

import asyncio
import socket
from collections.abc import Callable, Sized

from uvicorn.protocols.http.flow_control import FlowControl

_MOST_UNSENT_BYTES = 65_536
# The server's own buffer takes about a kilobyte for each chunk, however small.
MOST_WAITING_BYTES = 16_384


def hold_little(transport: asyncio.Transport) -> None:
    """Limit the data buffered for a client that does not read; by default the kernel buffers megabytes.

    Data in flight does not count, so a distant client is served as fast as before.
    """
    transport.set_write_buffer_limits(high=MOST_WAITING_BYTES)
    connection = transport.get_extra_info("socket")
    if connection is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MOST_UNSENT_BYTES)


class PipelineFlow(FlowControl):
    """Flow control that resumes reading only when no pipelined request waits."""

    def __init__(self, transport: asyncio.Transport, pipeline: Sized) -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        if not self._pipeline:
            super().resume_reading()


class RequestTransport:
    """The transport as a request sees it, which may close it before the client has sent the whole body."""

    __slots__ = ("close", "is_closing", "write")

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = close
