"""The protocols of the server, made to break off a connection whose client does not read."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class BreakableHttp(HttpToolsProtocol):
    """ASGI can only close politely: it waits until what is written has been read."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Each request of the connection finds the way to end it in its state."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "abort": transport.abort}


class BreakableSocket(WebSocketsSansIOProtocol):
    """Who does not answer a ping does not read the farewell either."""

    def keepalive_timeout(self) -> None:
        """The connection is over at once, and with it what is held for it."""
        super().keepalive_timeout()
        self.transport.abort()
