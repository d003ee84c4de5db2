"""Between the pages and the API of a desk: holds the requests that a test names until it lets them go."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

_PATIENCE_SECONDS = 60


@dataclass
class Held:
    """Requests whose line has this in it."""

    part: str
    arrived: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)
    answered: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        """Until there is one."""
        assert self.arrived.wait(_PATIENCE_SECONDS)

    def go_on(self) -> None:
        """Until the page has its answer."""
        self.let_go.set()
        assert self.answered.wait(_PATIENCE_SECONDS)


@dataclass
class Holding:
    """Listens at `url`."""

    url: str
    held: list[Held] = field(default_factory=list)

    def hold(self, part: str) -> Held:
        """From now on."""
        self.held.append(Held(part))
        return self.held[-1]


@contextmanager
def holding(desk: str) -> Iterator[Holding]:
    """In front of the API at that address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            found = next((held for held in passing.held if held.part in self.requestline), None)
            if found:
                found.arrived.set()
                found.let_go.wait(_PATIENCE_SECONDS)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            with httpx.Client(base_url=desk, timeout=_PATIENCE_SECONDS, trust_env=False) as client:
                reply = client.request(self.command, self.path, headers=headers, content=body)
            # The page may have given it up.
            with suppress(ConnectionError):
                self.send_response(reply.status_code)
                self.send_header("content-type", reply.headers["content-type"])
                self.send_header("content-length", str(len(reply.content)))
                self.end_headers()
                self.wfile.write(reply.content)
                self.wfile.flush()
            if found:
                found.answered.set()

        do_GET = do_POST = do_PUT = do_DELETE = _pass

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is to be said."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    passing = Holding(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield passing
    finally:
        for held in passing.held:
            held.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()
