"""WebSockets that are counted among the connections, and can be broken off."""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from backend.http.connections import Checked, Connections


class BreakableSocket(WebSocketsSansIOProtocol):
    """A WebSocket that counts as its connection did, and that can be broken off."""

    _all: Connections | None = None

    def take_over(self, connections: Connections, handshake: Checked) -> None:
        """Be counted in place of the protocol that read the handshake."""
        self._all = connections
        connections.replace(handshake, self)

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
