"""The events of the pages: identifies each page by token and cookie, and applies backpressure.

A page that sends faster than its events are processed, or does not read its updates, is not read from until it has
caught up.
"""

import asyncio
import copy
import logging
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import uuid4
from weakref import WeakValueDictionary

from reflex.app import App, EventNamespace
from reflex.state import StateUpdate
from reflex_base.constants import RouteVar
from reflex_base.event import Event
from reflex_base.utils import format as formats

from ui.runtime.frames import memory_bytes
from ui.runtime.identity import cookie_of, page_id
from ui.runtime.sockets import PageSocket

_LOG = logging.getLogger(__name__)
# Limits for the concurrent events of one page; a single event may exceed the bytes.
_MOST_EVENTS = 64
_MOST_EVENT_BYTES = 65_536
# A page at its limit waits this long at most, as it does not notice meanwhile that its socket is gone.
_PATIENCE_SECONDS = 5
# Updates that may be queued for one page, besides those in transit.
_MOST_UPDATES = 1
_KEPT_HEADERS = ("host", "origin")


@dataclass
class _RunningEvents:
    """The events of one page that are in progress."""

    events: int = 0
    bytes: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def room_for(self, size: int) -> None:
        """Wait until enough events have ended to admit one of this size."""
        while self.events >= _MOST_EVENTS or (self.events and self.bytes + size > _MOST_EVENT_BYTES):
            self.ended.clear()
            await self.ended.wait()

    def add_event(self, size: int) -> None:
        self.events += 1
        self.bytes += size

    def end(self, size: int) -> None:
        self.events -= 1
        self.bytes -= size
        self.ended.set()


class PageEvents(EventNamespace):
    """Reflex's event namespace with limits for each page."""

    def __init__(self, namespace: str, app: App) -> None:
        super().__init__(namespace, app)
        # An entry is held by the page's waiting and running events, and is gone with the last of them.
        self._under_way: WeakValueDictionary[str, _RunningEvents] = WeakValueDictionary()

    async def link_token_to_sid(self, sid: str, token: str, *, update_state: bool = True) -> None:
        """Identify the page by its token and its cookie. A duplicated tab gets a token of its own."""
        cookie = cookie_of(self._socket_environ(sid)["asgi.scope"]["headers"]) or sid
        page = page_id(token, cookie)
        if page in self._token_manager.token_to_socket:
            token = str(uuid4())
            page = page_id(token, cookie)
            await self.emit("new_token", token, to=sid)
        await super().link_token_to_sid(sid, page, update_state=update_state)

    async def on_event(self, sid: str, data: dict[str, Any]) -> None:
        """Process an event once the page has room for it. Its frame was validated before (`ui/runtime/frames.py`)."""
        size, page = memory_bytes(data), self.sid_to_token.get(sid)
        if page is None:
            return
        under_way = self._under_way.setdefault(page, _RunningEvents())
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await under_way.room_for(size)
        except TimeoutError:
            _LOG.warning("an event of a page was left out: too many of its events are under way")
            return
        under_way.add_event(size)
        try:
            future = await self.app.event_processor.enqueue(page, self._build_event(sid, page, data))
        except BaseException:
            under_way.end(size)
            raise
        future.add_done_callback(lambda _: under_way.end(size))

    def _build_event(self, sid: str, page: str, data: dict[str, Any]) -> Event:
        place = data.get("router_data", {})
        path = place.get(RouteVar.PATH)
        known = {
            RouteVar.QUERY: formats.format_query_params(place),
            RouteVar.CLIENT_TOKEN: page,
            RouteVar.PATH: "/" + ((path and self.app.router(path)) or "404").removeprefix("/"),
        }
        # A deep copy: the connection's own data is kept, and handlers may change what they get.
        router_data = place | copy.deepcopy(self._static_router_data[sid]) | known
        return Event(name=data["name"], payload=data.get("payload", {}), router_data=router_data)

    async def on_ping(self, sid: str) -> None:
        """Answer a ping, unless earlier messages still wait to be sent."""
        if await self._is_caught_up(sid):
            await super().on_ping(sid)

    async def emit_update(self, update: StateUpdate, token: str) -> None:
        """Send an update after the page has been sent the earlier ones."""
        record = self._token_manager.token_to_socket.get(token)
        if record is None or await self._is_caught_up(record.sid):
            await super().emit_update(update, token)

    async def _is_caught_up(self, sid: str) -> bool:
        """Wait until little is left to send to the page; return False if its socket has closed."""
        server, environ = self.server, self._socket_environ(sid)
        socket = server.eio.sockets.get(server.manager.eio_sid_from_sid(sid, self.namespace))
        while socket and socket.queue.qsize() > _MOST_UPDATES:
            if not await PageSocket.of(environ).wait_for_send():
                return False
        return True

    def _socket_environ(self, sid: str) -> dict[str, Any]:
        return cast(dict[str, Any], self.server.get_environ(sid, self.namespace))

    def _build_static_router_data(self, sid: str, environ: dict[str, Any]) -> dict[str, Any]:
        """Drop the cookie, which would be sent to the page, and all other headers that the pages do not use."""
        router_data = super()._build_static_router_data(sid, environ)
        headers = router_data[RouteVar.HEADERS]
        return router_data | {RouteVar.HEADERS: {name: headers[name] for name in _KEPT_HEADERS if name in headers}}
