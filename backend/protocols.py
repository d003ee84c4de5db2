"""The HTTP protocol of the server, which lets an application break off a connection whose client does not read."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class BreakableHttp(HttpToolsProtocol):
    """ASGI can only close politely: it waits until what is written has been read."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Each request of the connection finds the way to end it in its state."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "abort": transport.abort}
