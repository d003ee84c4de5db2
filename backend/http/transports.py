"""A connection's transport: how much waits for a client that does not read, and when more is read from one."""

import asyncio
import socket
from collections.abc import Callable, Sized

from uvicorn.protocols.http.flow_control import FlowControl

_MOST_UNSENT_BYTES = 65_536
# The server's own buffer takes about a kilobyte for each piece, however small.
MOST_WAITING_BYTES = 16_384


def hold_little(transport: asyncio.Transport) -> None:
    """Let little wait for a client that does not read; of itself the kernel takes megabytes.

    What is on its way is not counted, so that a client far away is served as fast as before.
    """
    transport.set_write_buffer_limits(high=MOST_WAITING_BYTES)
    connection = transport.get_extra_info("socket")
    if connection is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MOST_UNSENT_BYTES)


class PipelineFlow(FlowControl):
    """Reads on only when no request waits behind the one that is being answered."""

    def __init__(self, transport: asyncio.Transport, pipeline: Sized) -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        if not self._pipeline:
            super().resume_reading()


class Writer:
    """The transport as a request sees it, which closes it before the client has sent all of a body."""

    __slots__ = ("close", "is_closing", "write")

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = close
