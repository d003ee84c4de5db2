"""WebSockets that count among the connections, and can be aborted."""

from collections.abc import Mapping
from types import MappingProxyType

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from backend.http.connections import CheckedConnection, ConnectionRegistry
from backend.http.transports import MOST_WAITING_BYTES

# The most frames of one message.
_MOST_PIECES = 1_000


class BreakableSocket(WebSocketsSansIOProtocol):
    """A WebSocket protocol that takes over its connection's place in the count, and that can be aborted."""

    # Message limits below the server's own, by path prefix.
    most_message_bytes: Mapping[str, int] = MappingProxyType({})
    _connections: ConnectionRegistry | None = None

    def handle_connect(self, event: Request) -> None:
        """Set the message limit of the path before any message is read."""
        for beginning, most in self.most_message_bytes.items():
            if event.path.startswith(beginning):
                self.conn.max_message_size = most
        super().handle_connect(event)

    def handle_cont(self, event: Frame) -> None:
        """Abort the connection at a message of too many frames: empty ones would accumulate without end."""
        super().handle_cont(event)
        if len(self.frames) > _MOST_PIECES:
            self.transport.abort()

    def handle_ping(self) -> None:
        """Answer a ping, unless the client does not read."""
        if self.transport.get_write_buffer_size() > MOST_WAITING_BYTES:
            self.conn.data_to_send()
        else:
            super().handle_ping()

    def take_over(self, connections: ConnectionRegistry, handshake: CheckedConnection) -> None:
        """Replace the protocol that read the handshake in the registry of connections."""
        self._connections = connections
        connections.replace_connection(handshake, self)

    async def send(self, message: ASGISendEvent) -> None:
        """Send, and mark a refused handshake as complete, which the base class would report as an error."""
        await super().send(message)
        if self.close_sent:
            self.handshake_complete = True

    def data_received(self, data: bytes) -> None:
        """Receive data, and answer an invalid handshake, which the base class would leave waiting."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_complete:
            self.handshake_complete = self.close_sent = True
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection from the registry."""
        if self._connections:
            self._connections.remove_connection(self)
        super().connection_lost(exc)

    def check_deadlines(self, now: float) -> None:
        """Do nothing: pings detect lost clients, and writers time out if a client does not read."""

    def evict(self) -> None:
        """Abort the connection."""
        self.transport.abort()

    def keepalive_timeout(self) -> None:
        """Abort at once: a client that does not answer a ping does not read the closing handshake either."""
        super().keepalive_timeout()
        self.transport.abort()


def with_limits(most_message_bytes: Mapping[str, int]) -> type[BreakableSocket]:
    """Make a protocol class with message limits in bytes by path prefix."""
    return type("LimitedSocket", (BreakableSocket,), {"most_message_bytes": MappingProxyType(dict(most_message_bytes))})
