"""WebSockets that are counted among the connections, and can be broken off."""

from collections.abc import Mapping
from types import MappingProxyType

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from backend.http.connections import Checked, Connections
from backend.http.transports import MOST_WAITING_BYTES

# Of one message.
_MOST_PIECES = 1_000


class BreakableSocket(WebSocketsSansIOProtocol):
    """A WebSocket that counts as its connection did, and that can be broken off."""

    # Largest messages where they are smaller than the server's own, by how the path begins.
    most_message_bytes: Mapping[str, int] = MappingProxyType({})
    _all: Connections | None = None

    def handle_connect(self, event: Request) -> None:
        """Know how large a message may be before any is read."""
        for beginning, most in self.most_message_bytes.items():
            if event.path.startswith(beginning):
                self.conn.max_message_size = most
        super().handle_connect(event)

    def handle_cont(self, event: Frame) -> None:
        """Break off a message of too many pieces: those of no length would be held without end."""
        super().handle_cont(event)
        if len(self.frames) > _MOST_PIECES:
            self.transport.abort()

    def handle_ping(self) -> None:
        """Answer, unless the client does not read what it is sent."""
        if self.transport.get_write_buffer_size() > MOST_WAITING_BYTES:
            self.conn.data_to_send()
        else:
            super().handle_ping()

    def take_over(self, connections: Connections, handshake: Checked) -> None:
        """Be counted in place of the protocol that read the handshake."""
        self._all = connections
        connections.replace(handshake, self)

    async def send(self, message: ASGISendEvent) -> None:
        """A handshake that is refused with a response is complete; the base class would report it as an error."""
        await super().send(message)
        if self.close_sent:
            self.handshake_complete = True

    def data_received(self, data: bytes) -> None:
        """Tell whoever sends a handshake that cannot be read, too; the base class would leave them waiting."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_complete:
            self.handshake_complete = self.close_sent = True
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the count."""
        if self._all:
            self._all.leave(self)
        super().connection_lost(exc)

    def check(self, now: float) -> None:
        """Do nothing: pings find out who is gone, and who writes gives up a client that does not read."""

    def evict(self) -> None:
        """Break the connection off."""
        self.transport.abort()

    def keepalive_timeout(self) -> None:
        """Who does not answer a ping does not read the farewell either: the connection is over at once."""
        super().keepalive_timeout()
        self.transport.abort()


def with_limits(most_message_bytes: Mapping[str, int]) -> type[BreakableSocket]:
    """Make the protocol of a server whose paths take messages of at most so many bytes."""
    return type("LimitedSocket", (BreakableSocket,), {"most_message_bytes": MappingProxyType(dict(most_message_bytes))})
