"""A page without a browser: its socket, and the frames that Reflex's script sends over it."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.serving import Server

STATE = "reflex___state____state"
HYDRATE = f"{STATE}.hydrate_and_load"


def handler(state: str, name: str) -> str:
    """Return the wire name of an event handler of the web desk."""
    return f"{STATE}.ui___state___{state}____{state}.{name}"


def event(name: str, **payload: Any) -> str:
    """Build the frame of an event."""
    said = {"name": name, "payload": payload, "router_data": {"pathname": "/"}}
    return "42/_event," + json.dumps(["event", said], ensure_ascii=False)


def connecting(**said: Any) -> str:
    """Build the connect frame, the first one of a page."""
    return "40/_event," + json.dumps(said)


@dataclass
class PageWithoutBrowser:
    """One socket, and the state that the page received over it."""

    socket: ClientConnection
    token: str
    told: dict[str, Any] = field(default_factory=dict)
    frames: list[str] = field(default_factory=list)

    def send(self, frame: str) -> None:
        self.socket.send(frame)

    def call(self, name: str, **payload: Any) -> None:
        self.send(event(name, **payload))

    def settle(self) -> None:
        """Wait until the desk has processed everything sent so far."""
        self.send('42/_event,["ping"]')
        self.until(lambda frame: frame.startswith('42/_event,["ping"'))

    def hydrate(self) -> None:
        """Wait until the page has received its whole state."""
        self.call(HYDRATE)
        self.until(lambda frame: "trouble_rx_state_" in frame)

    def until(self, holds: Any) -> None:
        while not self.frames or not holds(self.frames[-1]):
            self._hear()
        self.frames.append("")

    def is_closed(self) -> bool:
        """Wait until the desk closes the socket, and return True."""
        with suppress(ConnectionClosed):
            while True:
                self._hear()
        return True

    def _hear(self) -> None:
        frame = str(self.socket.recv(timeout=60))
        if frame == "2":
            self.socket.send("3")
        self.frames.append(frame)
        if frame.startswith('42/_event,["event"'):
            for values in json.loads(frame[10:])[1].get("delta", {}).values():
                self.told |= {name.removesuffix("_rx_state_"): value for name, value in values.items()}
        if frame.startswith('42/_event,["new_token"'):
            self.token = json.loads(frame[10:])[1]


@contextmanager
def opened(
    desk: Server, token: str | None = None, cookie: str = "", connects: bool = True, **headers: str
) -> Iterator[PageWithoutBrowser]:
    """Open a page; its namespace is connected unless `connects` is false."""
    token = token or secrets.token_hex(16)
    address = f"{desk.url.replace('http', 'ws', 1)}/_event/?EIO=4&transport=websocket&token={token}"
    told = headers | ({"cookie": f"frontdesk_page={cookie}"} if cookie else {})
    with connect(address, origin=desk.url, additional_headers=told, proxy=None, max_size=None) as socket:  # type: ignore[call-overload]
        page = PageWithoutBrowser(socket, token)
        page.until(lambda frame: frame.startswith("0{"))
        if connects:
            page.send("40/_event,")
            page.until(lambda frame: frame.startswith("40/_event,"))
        yield page


@contextmanager
def reopened(desk: Server, token: str, cookie: str) -> Iterator[PageWithoutBrowser]:
    """Reopen the page of that token, as soon as the desk has noticed that its last socket is gone."""
    for _ in range(1_000):
        with opened(desk, token, cookie) as page:
            page.settle()
            if page.token == token:
                yield page
                return
    raise AssertionError("the desk did not notice that a socket was closed")
