"""The HTTP/1.1 protocol of a connection, with limits on size and time, and an orderly end of the connection."""

import asyncio
from enum import Enum, auto
from typing import Any

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from backend.http.connections import ConnectionRegistry
from backend.http.errors import HeadersTooLarge, RequestMalformed, RequestTooSlow, TargetTooLong
from backend.http.replies import raw_reply
from backend.http.sockets import BreakableSocket
from backend.http.transports import PipelineFlow, RequestTransport, hold_little
from knowledge.errors import DeskError

_MOST_HEADER_BYTES = 65_536
_MOST_HEADERS = 200
_MOST_TARGET_BYTES = 8_192
# Hardly any client sends a request before the previous one is answered.
_MOST_PIPELINED = 16
# The most that is read of an unwanted body before the connection is closed.
_MOST_UNWANTED_BYTES = 1_000_000


class _Stage(Enum):
    """The stage of a connection, which determines what the next bytes belong to."""

    IDLE = auto()
    HEADERS = auto()
    BODY = auto()
    WHOLE = auto()
    LEAVING = auto()


class BreakableHttp(HttpToolsProtocol):
    """An HTTP/1.1 protocol with limits on what a client sends, and on the time it takes.

    `check_deadlines` applies the deadlines and is called once a second, which is cheaper than a timer for each request.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        connections: ConnectionRegistry,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._connections = connections
        self._limits = connections.limits
        self._answering: RequestResponseCycle | None = None
        self._stage = _Stage.IDLE
        # When the stage began; in a body, when its rate was last checked.
        self._since = self.loop.time()
        self._body_bytes = 0
        # The bytes of this request's complete headers, and those received since the parser last called back.
        self._header_bytes = 0
        self._unparsed_bytes = 0
        self._parsed = False
        self._unsent = 0, self._since

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Register the connection, and put `abort` into the state of its requests."""
        super().connection_made(transport)
        hold_little(transport)
        self.flow = PipelineFlow(transport, self.pipeline)
        self._writer: RequestTransport | None = RequestTransport(transport, self._close_after_response)
        self.app_state = {**self.app_state, "abort": transport.abort}
        peer, own = self.client[0] if self.client else None, self.server[0] if self.server else None
        if problem := self._connections.add_connection(self, peer, own):
            self.transport.write(raw_reply(problem))
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Notify the request being answered, drop the pipelined ones, and break reference cycles."""
        self._connections.remove_connection(self)
        self.pipeline.clear()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self._notify_disconnect()
        self.cycle = self.scope = None  # type: ignore[assignment]
        self._answering = self._writer = None

    def data_received(self, data: bytes) -> None:
        """Parse the data, unless the connection is ending."""
        if self._stage is _Stage.LEAVING:
            return
        self._unset_keepalive_if_required()
        if self._stage is _Stage.IDLE:
            self._enter_stage(_Stage.HEADERS)
        self._parsed = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as error:
            reason = error.__context__
            self._refuse_request(reason if isinstance(reason, DeskError) else RequestMalformed())
            return
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
            return
        self._unparsed_bytes = 0 if self._parsed else self._unparsed_bytes + len(data)
        if self._unparsed_bytes > _MOST_HEADER_BYTES:
            self._refuse_request(HeadersTooLarge(_MOST_HEADER_BYTES, _MOST_HEADERS))

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to the WebSocket protocol, unless a request is still being answered on it."""
        if self._is_answering:
            self.transport.abort()
            return
        super().handle_websocket_upgrade()
        upgraded = self.transport.get_protocol()
        if isinstance(upgraded, BreakableSocket):
            upgraded.take_over(self._connections, self)

    def on_message_begin(self) -> None:
        """Begin a request; abort the connection if too many are pipelined."""
        if len(self.pipeline) >= _MOST_PIPELINED:
            self.transport.abort()
            raise RequestMalformed
        super().on_message_begin()
        self._header_bytes = 0
        self._enter_stage(_Stage.HEADERS)

    def on_url(self, url: bytes) -> None:
        """Add a piece of the request target, up to its limit."""
        super().on_url(url)
        if len(self.url) > _MOST_TARGET_BYTES:
            raise TargetTooLong(_MOST_TARGET_BYTES)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header; a trailer after the body counts but is dropped: the request was validated without it."""
        self._header_bytes += len(name) + len(value) + 4
        if self._header_bytes > _MOST_HEADER_BYTES or len(self.headers) >= _MOST_HEADERS:
            raise HeadersTooLarge(_MOST_HEADER_BYTES, _MOST_HEADERS)
        if self._stage is _Stage.HEADERS:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start the response to a request, though its body is still to come."""
        self._connections.mark_busy(self)
        self._enter_stage(_Stage.BODY)
        super().on_headers_complete()
        if self.cycle is not None and self.cycle.transport is self.transport:
            self.cycle.transport = self._writer  # type: ignore[assignment]

    def on_body(self, body: bytes) -> None:
        """Pass on a piece of the body, or linger if the client sends too much after the response is complete."""
        self._parsed = True
        self._body_bytes += len(body)
        if self.cycle.response_complete and self._body_bytes > _MOST_UNWANTED_BYTES:
            self._close_lingering()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Mark the request as complete; it may already have been answered."""
        super().on_message_complete()
        self._enter_stage(_Stage.WHOLE if self._is_answering else _Stage.IDLE)

    def on_response_complete(self) -> None:
        """Continue with the next pipelined request; resume reading only if there is none."""
        if self._stage is _Stage.LEAVING or self.transport.is_closing():
            self.server_state.total_requests += 1
            return
        super().on_response_complete()
        if not self.pipeline:
            self.flow.resume_reading()
        if self._stage is _Stage.WHOLE and not self._is_answering:
            self._enter_stage(_Stage.IDLE)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    @property
    def _is_answering(self) -> bool:
        return self._answering is not None and not self._answering.response_complete

    def _enter_stage(self, stage: _Stage) -> None:
        self._parsed = True
        self._stage = stage
        self._since = self.loop.time()
        self._body_bytes = 0
        if stage is _Stage.IDLE:
            self._connections.mark_idle(self)

    def check_deadlines(self, now: float) -> None:
        """Apply the deadlines for the client's reading, for a request's headers, and for its body."""
        unsent = self.transport.get_write_buffer_size()
        if not unsent or unsent != self._unsent[0]:
            self._unsent = unsent, now
        elif now - self._unsent[1] >= self._limits.stalled_seconds:
            self.transport.abort()
            return
        if self.flow.read_paused or (self._stage is _Stage.BODY and self.cycle.waiting_for_100_continue):
            # The server has paused reading, so the client is not to blame.
            self._since, self._body_bytes = now, 0
            return
        waited = now - self._since
        if self._stage is _Stage.WHOLE or waited < self._limits.header_seconds:
            return
        if self._stage is _Stage.LEAVING:
            self.transport.abort()
        elif self._stage is _Stage.IDLE:
            self.transport.close()
        elif self._stage is _Stage.HEADERS or self._body_bytes < waited * self._limits.body_rate:
            self._refuse_request(RequestTooSlow())
        else:
            self._since, self._body_bytes = now, 0

    def evict(self) -> None:
        """Close an idle connection to make room for others; the client can still read the last response."""
        self.transport.close()

    def _refuse_request(self, error: DeskError) -> None:
        """Answer a request with an error unless a response has begun, and end the connection."""
        if self.transport.is_closing():
            return
        if self._is_answering and self._answering is not None and self._answering.response_started:
            self.transport.abort()
            return
        self.pipeline.clear()
        self._notify_disconnect()
        self.transport.write(raw_reply(error))
        self._close_lingering()

    def _notify_disconnect(self) -> None:
        """Tell the app that the client has disconnected."""
        if self._is_answering and self._answering is not None:
            self._answering.disconnected = True
            self._answering.message_event.set()

    def _close_after_response(self) -> None:
        """End the connection after a response; linger if a body is arriving, since a reset could lose the response."""
        if self._stage is _Stage.BODY:
            self._close_lingering()
        else:
            self.transport.close()

    def _close_lingering(self) -> None:
        """Close the writing side, and discard what the client still sends until it disconnects."""
        if self.transport.is_closing() or self._stage is _Stage.LEAVING:
            return
        self._enter_stage(_Stage.LEAVING)
        self.pipeline.clear()
        self.flow.resume_reading()
        self.transport.write_eof()
