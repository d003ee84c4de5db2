"""A relay between pages and their API that holds back the texts of documents for as long as a test wants."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

_DOCUMENT = "/api/documents/"


class Holding(ThreadingHTTPServer):
    """One request a connection."""

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.client = httpx.Client(base_url=upstream, trust_env=False)
        self.delivered = 0
        self._gate = threading.Event()
        self._gate.set()

    @property
    def gate(self) -> threading.Event:
        """What a request for a document waits for that comes now."""
        return self._gate

    def hold(self) -> None:
        """From now on they wait."""
        self._held = self._gate = threading.Event()

    def pass_on(self) -> None:
        """Those that come from now on do not wait."""
        self._gate = threading.Event()
        self._gate.set()

    def release(self) -> None:
        """Let go what was held."""
        self._held.set()


class _Handler(BaseHTTPRequestHandler):
    server: Holding

    def do_GET(self) -> None:
        is_document = self.path.startswith(_DOCUMENT)
        if is_document:
            self.server.gate.wait()
        reply = self.server.client.get(self.path)
        self.send_response(reply.status_code)
        self.send_header("content-type", reply.headers["content-type"])
        self.send_header("content-length", str(len(reply.content)))
        self.end_headers()
        self.wfile.write(reply.content)
        # The client hangs up once it has read it all.
        self.close_connection = True
        self.server.delivered += is_document

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def holding(upstream: str) -> Iterator[Holding]:
    """A relay in front of that desk."""
    with Holding(upstream) as relay:
        threading.Thread(target=relay.serve_forever, daemon=True).start()
        yield relay
        relay.shutdown()
        relay.client.close()
