"""The protocols of the server, made to notice a client that does not read, and to break its connection off."""

import asyncio
import socket

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_MOST_UNSENT_BYTES = 65_536
# The server's own buffer takes about a kilobyte for each piece, however small.
_MOST_WAITING_BYTES = 16_384


def hold_little(transport: asyncio.Transport) -> None:
    """Let little wait for a client that does not read; of itself the kernel takes megabytes.

    What is on its way is not counted, so that a client far away is served as fast as before.
    """
    transport.set_write_buffer_limits(high=_MOST_WAITING_BYTES)
    connection = transport.get_extra_info("socket")
    if connection is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MOST_UNSENT_BYTES)


class BreakableHttp(HttpToolsProtocol):
    """ASGI can only close politely: it waits until what is written has been read."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Each request of the connection finds the way to end it in its state."""
        super().connection_made(transport)
        hold_little(transport)
        self.app_state = {**self.app_state, "abort": transport.abort}


class BreakableSocket(WebSocketsSansIOProtocol):
    """Who does not answer a ping does not read the farewell either."""

    def keepalive_timeout(self) -> None:
        """The connection is over at once, and with it what is held for it."""
        super().keepalive_timeout()
        self.transport.abort()
