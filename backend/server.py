"""The HTTP server: at a signal, answers under way are ended first, then the connections closed, then the desk."""

import asyncio
import resource
import signal
import socket
import sys
from contextlib import nullcontext
from functools import partial
from types import FrameType
from typing import cast

import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from uvicorn.loops.auto import auto_loop_factory

from agents.models.registry import MakeProvider, make_provider
from agents.security.log_redaction import log_to_stderr
from backend.app import create_app, create_pages_app
from backend.desk import OpenDesk, open_desk
from backend.http.collector import QuietCollector
from backend.http.connections import ConnectionLimits, ConnectionRegistry
from backend.http.pages import message_limits, mount_pages, run_lifespan
from backend.http.protocols import BreakableHttp
from backend.http.request_guards import check_address
from backend.http.sockets import with_limits
from backend.settings import Settings

_OPEN_FILES = 10_000
# The server ticks ten times a second.
_TICKS = 10


def serve(settings: Settings, make: MakeProvider = make_provider, *, with_pages: bool = False) -> int:
    """Serve until a signal; raise a `DeskError` if the desk cannot be opened.

    Pages of a desk elsewhere are served alone: none is opened here.
    """
    log_to_stderr(settings.log_level, settings.log_format)
    check_address(settings)
    alone = with_pages and bool(settings.remote_desk_url)
    app = create_pages_app(settings) if alone else create_app(settings, with_pages=with_pages)
    pages = mount_pages(app, settings) if with_pages else None
    _allow_open_files()
    # uvicorn repeats the signal that stopped it; by then everything it served is over, and this exit closes the desk.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit_process)
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(_serve_pages(settings, app, pages) if alone and pages else _serve_desk(settings, app, make, pages))
    return 0


def _server_config(settings: Settings, app: FastAPI, connections: ConnectionRegistry) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        # uvicorn only calls it, once for each connection.
        http=cast(type[BreakableHttp], partial(BreakableHttp, connections=connections)),
        ws=with_limits(message_limits(settings)),
        ws_max_size=settings.max_body_bytes,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=round(settings.shutdown_seconds),
    )


async def _serve_pages(settings: Settings, app: FastAPI, pages: Starlette) -> None:
    async with run_lifespan(pages):
        await HttpServer(settings, app).serve()


async def _serve_desk(settings: Settings, app: FastAPI, make: MakeProvider, pages: Starlette | None) -> None:
    async with open_desk(settings, make) as desk, run_lifespan(pages) if pages else nullcontext():
        app.state.desk = desk
        await _DeskServer(settings, app, desk).serve()


class HttpServer(uvicorn.Server):
    """A uvicorn server that checks its connections once a second."""

    def __init__(self, settings: Settings, app: FastAPI) -> None:
        self.open = ConnectionRegistry(ConnectionLimits.from_settings(settings))
        super().__init__(_server_config(settings, app, self.open))

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS == 0:
            self.look_around(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    def look_around(self, now: float) -> None:
        """Close the connections whose time is over."""
        self.open.check_connections(now)


class _DeskServer(HttpServer):
    """An HTTP server that ends the answers under way before it waits for their connections."""

    def __init__(self, settings: Settings, app: FastAPI, desk: OpenDesk) -> None:
        super().__init__(settings, app)
        self._desk = desk
        self._collector = QuietCollector(lambda: len(desk.runs.lanes) > 0)

    def look_around(self, now: float) -> None:
        """Collect garbage too, unless an answer is under way."""
        super().look_around(now)
        self._collector.collect_if_quiet(now)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._desk.library.announce(self._desk.settings.url)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._desk.runs.stop(self._desk.settings.shutdown_seconds)
        await self._desk.streams.finish_writes()
        await super().shutdown(sockets)


def _allow_open_files() -> None:
    """Raise the limit of open files to what the default settings need; many systems begin with 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _exit_process(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
