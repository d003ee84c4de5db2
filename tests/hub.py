"""A model hub on the loopback: files by repository and revision, in ranges, behind a redirect as the real one's are."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_RANGE = re.compile(r"bytes=(\d{1,15})-")
_PIECE = 100_000


@dataclass
class Hub:
    """What the hub has, how it behaves, and what it was asked for. `held` keeps it from sending beyond `hold_at`."""

    files: dict[str, bytes]
    url: str = ""
    hold_at: int | None = None
    cut_at: int | None = None
    status: int = 200
    ranges: bool = True
    asked: list[str | None] = field(default_factory=list)
    held: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def add(self, repository: str, revision: str, file: str, content: bytes) -> None:
        """Put a file into a repository at a revision."""
        self.files[f"/{repository}/resolve/{revision}/{file}"] = content


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = Hub({}, f"http://127.0.0.1:{self.server_address[1]}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        hub = self.server.hub
        stored = hub.files.get(self.path.removeprefix("/storage"))
        if stored is None:
            self._send(404, b"no")
        elif self.path in hub.files:
            self._send(302, b"", location=f"{hub.url}/storage{self.path}")
        elif hub.status != 200:
            self._send(hub.status, b"no")
        else:
            self._send_file(stored)

    def _send_file(self, content: bytes) -> None:
        hub, asked = self.server.hub, self.headers.get("range")
        hub.asked.append(asked)
        found = _RANGE.fullmatch(asked or "")
        begin = int(found[1]) if found and hub.ranges else 0
        named = {"content-range": f"bytes {begin}-{len(content) - 1}/{len(content)}"} if begin else {}
        self._send(206 if begin else 200, content[begin:], begin, **named)

    def _send(self, status: int, body: bytes, begin: int = 0, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        for start in range(0, len(body), _PIECE):
            if not self._may_go_on(begin + start, start):
                self.close_connection = True
                return
            self.wfile.write(body[start : start + _PIECE])

    def _may_go_on(self, position: int, sent: int) -> bool:
        hub = self.server.hub
        if hub.hold_at is not None and position >= hub.hold_at:
            hub.held.set()
            hub.released.wait()
        return hub.cut_at is None or sent < hub.cut_at

    def handle(self) -> None:
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@contextmanager
def model_hub() -> Iterator[Hub]:
    """Run a hub until the end."""
    server = _Server()
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    serving.start()
    try:
        yield server.hub
    finally:
        server.hub.released.set()
        server.shutdown()
        server.server_close()
        serving.join()
