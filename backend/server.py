"""Serve the desk until a signal: answers under way get their end first, then the connections close, then the desk."""

import asyncio
import signal
import socket
import sys
from contextlib import nullcontext
from types import FrameType

import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette

from agents.models.registry import MakeProvider, make_provider
from agents.redaction import log_to_stderr
from backend import web
from backend.app import create_app, create_pages_app
from backend.desk import Desk, open_desk
from backend.protocols import BreakableHttp, with_limits
from backend.security import check_address
from backend.settings import Settings


def serve(settings: Settings, make: MakeProvider = make_provider, *, with_pages: bool = False) -> int:
    """Returns after a signal; raises a `DeskError` if the desk cannot be opened.

    Pages of a desk elsewhere are served alone: none is opened here."""
    log_to_stderr(settings.log_level, settings.log_format)
    check_address(settings)
    alone = with_pages and bool(settings.elsewhere)
    app = create_pages_app(settings) if alone else create_app(settings, with_pages=with_pages)
    pages = web.mount(app, settings) if with_pages else None
    config = _config(settings, app)
    # uvicorn repeats the signal that stopped it; by then everything it served is over, and the desk closes on this.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve_pages(config, pages) if alone and pages else _serve(settings, config, make, pages))
    return 0


def _config(settings: Settings, app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=BreakableHttp,
        ws=with_limits(web.message_limits(settings)),
        ws_max_size=settings.max_body_bytes,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=round(settings.shutdown_seconds),
    )


async def _serve_pages(config: uvicorn.Config, pages: Starlette) -> None:
    async with web.running(pages):
        await uvicorn.Server(config).serve()


async def _serve(settings: Settings, config: uvicorn.Config, make: MakeProvider, pages: Starlette | None) -> None:
    async with open_desk(settings, make) as desk, web.running(pages) if pages else nullcontext():
        config.app.state.desk = desk  # type: ignore[union-attr]
        await _Server(config, desk).serve()


class _Server(uvicorn.Server):
    """Ends the answers under way before it waits for their connections."""

    def __init__(self, config: uvicorn.Config, desk: Desk) -> None:
        super().__init__(config)
        self._desk = desk

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._desk.library.announce(self._desk.settings.url)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._desk.runs.stop(self._desk.settings.shutdown_seconds)
        await self._desk.streams.finish()
        await super().shutdown(sockets)


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
