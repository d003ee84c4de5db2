"""A proxy between the pages and the API that holds or fails the requests that a test names, until it releases them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

_PATIENCE_SECONDS = 60


@dataclass
class Held:
    """The requests whose request line contains this text."""

    part: str
    fails: bool = False
    arrived: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)
    answered: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        """Wait until there is one."""
        assert self.arrived.wait(_PATIENCE_SECONDS)

    def go_on(self) -> None:
        """Release the request and wait until the page has its answer."""
        self.let_go.set()
        assert self.answered.wait(_PATIENCE_SECONDS)


class Holding(ThreadingHTTPServer):
    """A proxy at `url`, in front of the API at another address."""

    daemon_threads = True

    def __init__(self, desk: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.desk = desk
        self.held: list[Held] = []

    def hold(self, part: str) -> Held:
        """Hold matching requests from now on."""
        self.held.append(Held(part))
        return self.held[-1]

    def fail(self, part: str) -> Held:
        """Fail matching requests from now on, until they are released."""
        self.held.append(Held(part, fails=True))
        return self.held[-1]


class _Handler(BaseHTTPRequestHandler):
    server: Holding
    protocol_version = "HTTP/1.1"

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        found = next((held for held in self.server.held if held.part in self.requestline), None)
        if found and found.fails and not found.let_go.is_set():
            self.close_connection = True
            return
        if found:
            found.arrived.set()
            found.let_go.wait(_PATIENCE_SECONDS)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        with httpx.Client(base_url=self.server.desk, timeout=_PATIENCE_SECONDS, trust_env=False) as client:
            self._answer(client.request(self.command, self.path, headers=headers, content=body))
        if found:
            found.answered.set()

    def _answer(self, reply: httpx.Response) -> None:
        # The page may have abandoned the request.
        with suppress(ConnectionError):
            self.send_response(reply.status_code)
            self.send_header("content-type", reply.headers["content-type"])
            self.send_header("content-length", str(len(reply.content)))
            self.end_headers()
            self.wfile.write(reply.content)
            self.wfile.flush()

    do_GET = do_POST = do_PUT = do_DELETE = _pass

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextmanager
def holding(desk: str) -> Iterator[Holding]:
    """Run a proxy in front of the API at that address."""
    with Holding(desk) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            for held in server.held:
                held.let_go.set()
            server.shutdown()
            thread.join()
