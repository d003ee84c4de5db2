"""The HTTP server in a thread of this process, with the event loop of production, and bare sockets to it."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect
from uvicorn.loops.auto import auto_loop_factory

from backend.app import create_app
from backend.http.protocols import BreakableHttp
from backend.server import HttpServer
from backend.settings import Settings
from tests.serving import free_port

BOUND = 60  # seconds
# No deadline expires by itself; `Listening.pass_time` makes all of them expire at once.
NEVER = 1e6

T = TypeVar("T")


@dataclass
class Listening:
    """A running server without a desk, with test endpoints beside those of the API."""

    server: HttpServer
    port: int
    loop: asyncio.AbstractEventLoop
    release: asyncio.Event
    asked: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=BOUND)

    def inside(self, work: Callable[[], T]) -> T:
        """Call a function in the server's own thread and return its result."""

        async def do() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(do(), self.loop).result(BOUND)

    def pass_time(self) -> None:
        """Let the server check its connections now, and again long after every deadline."""
        self.inside(lambda: self.server.look_around(self.loop.time()))
        self.inside(lambda: self.server.look_around(self.loop.time() + 10 * NEVER))

    @property
    def protocols(self) -> list[BreakableHttp]:
        return [each for each in list(self.server.server_state.connections) if isinstance(each, BreakableHttp)]

    def stages(self) -> list[str]:
        """Return the stage of each connection."""
        return self.inside(lambda: sorted(each._stage.name for each in self.protocols))


class _Telling(HttpServer):
    when_started: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.when_started()


def wait_until(holds: Callable[[], Any]) -> None:
    """Poll until the condition holds, or fail."""
    pause = threading.Event()
    for _ in range(BOUND * 100):
        if holds():
            return
        pause.wait(0.01)  # polls for a condition; the range bounds it
    raise AssertionError("it did not come to hold in time")


@contextmanager
def listening(**settings: Any) -> Iterator[Listening]:
    """Serve until the end of the block."""
    chosen = Settings(
        _env_file=None, port=free_port(), **{"header_seconds": NEVER, "slow_reader_seconds": NEVER} | settings
    )
    app = create_app(chosen)
    begun: Future[Listening] = Future()

    async def serve() -> None:
        server = _Telling(chosen, app)
        server.config.timeout_graceful_shutdown = 1
        server.config.timeout_keep_alive = round(NEVER)
        running = Listening(server, chosen.port, asyncio.get_running_loop(), asyncio.Event())
        _add_doors(app, running)
        server.when_started = lambda: begun.set_result(running)
        await server.serve()

    def run() -> None:
        with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    running = begun.result(BOUND)
    try:
        yield running
    finally:
        running.inside(running.release.set)
        running.server.should_exit = True
        thread.join(BOUND)


def _add_doors(app: FastAPI, running: Listening) -> None:
    async def quick(name: str = "") -> str:
        running.asked.append(name)
        return name

    async def held(request: Request) -> str:
        running.asked.append("held")
        leaving = asyncio.ensure_future(_left(request))
        releasing = asyncio.ensure_future(running.release.wait())
        await asyncio.wait({leaving, releasing}, return_when=asyncio.FIRST_COMPLETED)
        if leaving.done():
            running.left.append("held")
        leaving.cancel()
        return "held"

    async def body(request: Request) -> int:
        running.asked.append("body")
        try:
            return len(await request.body())
        except ClientDisconnect:
            running.left.append("body")
            raise

    async def ignoring(request: Request) -> str:
        return "not read"

    async def large() -> Response:
        return Response(b"x" * 5_000_000)

    async def fails() -> None:
        raise ZeroDivisionError("nobody foresaw this")

    for method, path, door in (
        ("GET", "/quick", quick),
        ("GET", "/held", held),
        ("POST", "/body", body),
        ("POST", "/ignoring", ignoring),
        ("GET", "/large", large),
        ("GET", "/fails", fails),
    ):
        app.add_api_route(path, door, methods=[method])


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def get(running: Listening, path: str, *headers: str) -> bytes:
    """Build a raw GET request."""
    lines = (f"GET {path} HTTP/1.1", f"host: 127.0.0.1:{running.port}", *headers)
    return "\r\n".join((*lines, "", "")).encode()


def post(running: Listening, path: str, *headers: str) -> bytes:
    """Build the raw headers of a POST request."""
    return get(running, path, *headers).replace(b"GET", b"POST", 1)


def read_all(client: socket.socket) -> bytes:
    """Read until the server ends the connection, by close or by reset."""
    heard = b""
    try:
        while piece := client.recv(65_536):
            heard += piece
    except ConnectionError:
        pass
    return heard


@dataclass(frozen=True)
class Reply:
    """A parsed response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        return str(orjson.loads(self.body)["error"]["code"])


def reply_of(raw: bytes) -> Reply:
    """Parse the first response in the raw bytes."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return Reply(int(first.split(" ")[1]), headers, body[: int(headers["content-length"])])
