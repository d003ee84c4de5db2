"""The protocols of the server, made to notice a client that does not read, and to break its connection off."""

import asyncio
import socket
from collections.abc import Mapping
from types import MappingProxyType

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

_MOST_UNSENT_BYTES = 65_536
# The server's own buffer takes about a kilobyte for each piece, however small.
_MOST_WAITING_BYTES = 16_384
# Of one message.
_MOST_PIECES = 1_000


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

    # Largest messages where they are smaller than the server's own, by how the path begins.
    most_message_bytes: Mapping[str, int] = MappingProxyType({})

    def handle_connect(self, event: Request) -> None:
        """Before any message is read it is known how large one may be."""
        for beginning, most in self.most_message_bytes.items():
            if event.path.startswith(beginning):
                self.conn.max_message_size = most
        super().handle_connect(event)

    def handle_cont(self, event: Frame) -> None:
        """Nobody sends a message in so many pieces; those of no length would be held without end."""
        super().handle_cont(event)
        if len(self.frames) > _MOST_PIECES:
            self.transport.abort()

    def handle_ping(self) -> None:
        """Who does not read what they are sent gets no answers to pings on top of it."""
        if self.transport.get_write_buffer_size() > _MOST_WAITING_BYTES:
            self.conn.data_to_send()
        else:
            super().handle_ping()

    def keepalive_timeout(self) -> None:
        """The connection is over at once, and with it what is held for it."""
        super().keepalive_timeout()
        self.transport.abort()


def with_limits(most_message_bytes: Mapping[str, int]) -> type[BreakableSocket]:
    """The protocol of a server whose paths take messages of at most so many bytes."""
    return type("LimitedSocket", (BreakableSocket,), {"most_message_bytes": MappingProxyType(dict(most_message_bytes))})
