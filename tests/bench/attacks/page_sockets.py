"""What somebody without a key makes a desk log and hold through the socket of its pages."""

import asyncio
import json
import secrets
import struct
import tempfile
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.backend.asking import keys
from tests.bench.client import figure
from tests.conftest import index, write_documents
from tests.serving import Server, serve_alone

_PAGES = 199
_LARGE = 900_000
_STATE = "reflex___state____state"
_COMPLAIN = f"{_STATE}.ui___state___session____session.show_trouble"
_MOST_LOGGED = 200_000
_MOST_HELD = 30.0


async def attack() -> None:
    """One desk whose users have keys, for each kind of load."""
    with tempfile.TemporaryDirectory() as base:
        data = Path(base) / "data"
        await index(data, write_documents(Path(base) / "documents"))
        for load in (_log, _hold_states, _hold_halves, _hold_unread):
            with serve_alone(data, "tests.with_pages", API_KEYS=keys("ann"), HF_HUB_OFFLINE="1") as server:
                await load(server)


async def _log(server: Server) -> None:
    """27 MB of events that no page knows, with what looks like records and keys."""
    log = server.data_dir.parent / f"{server.data_dir.name}-server.log"
    before, key = log.stat().st_size, f"fd-{secrets.token_urlsafe(32)}"
    said = f"\n2026-01-01 00:00:00,000 ERROR root: forged {key}\n"
    for kind in range(30):
        async with AsyncExitStack() as stack:
            # The desk may refuse the socket, or end it.
            with suppress(ConnectionClosed, InvalidStatus):
                page = await _open(stack, server, token="" if kind % 2 else secrets.token_hex(16))
                await page.send(_event("nothing.known" if kind % 3 else _COMPLAIN, message=said + "x" * _LARGE))
                await page.send(_event("nothing.known", key=said))
                await page.send(f'42/_event,["event",{json.dumps(said)}]')
                await page.send(f"42/_event,[[[{said}")
                await _settle(page)
    text = log.read_bytes()[before:].decode("utf-8", "replace")
    figure("27 MB of unknown events, logged", f"{len(text):,} bytes", f"<= {_MOST_LOGGED:,}", len(text) <= _MOST_LOGGED)
    forged = sum(line.startswith("2026-01-01") for line in text.splitlines())
    figure("records that a visitor forged", str(forged), "0", forged == 0)
    figure("a key in the log", str(text.count(key)), "0", key not in text)


async def _hold_states(server: Server) -> None:
    """Pages that each say 900 kB of something that a page keeps."""
    async with AsyncExitStack() as stack:
        before = _resident(server)
        for _ in range(_PAGES):
            page = await _open(stack, server)
            with suppress(ConnectionClosed):
                await page.send(_event(_COMPLAIN, message="x" * _LARGE))
                await _settle(page)
        _held(f"{_PAGES} pages that say 900 kB", _resident(server) - before)


async def _hold_halves(server: Server) -> None:
    """Pages that each begin a frame of 900 kB and never end it."""
    async with AsyncExitStack() as stack:
        before = _resident(server)
        for _ in range(_PAGES):
            page = await _open(stack, server)
            with suppress(ConnectionClosed, OSError):
                await _settle(page)
                transport = page.transport
                transport.write(b"\x81\xff" + struct.pack("!Q", _LARGE) + bytes(4) + b"x" * (_LARGE - 10))
        await asyncio.sleep(3)
        _held(f"{_PAGES} pages with 900 kB of a frame", _resident(server) - before)


async def _hold_unread(server: Server) -> None:
    """Pages that ask again and again for what they are to show, and never read it."""
    async with AsyncExitStack() as stack:
        before = _resident(server)
        for _ in range(_PAGES):
            page = await _open(stack, server)
            page.transport.pause_reading()
            with suppress(ConnectionClosed, TimeoutError):
                async with asyncio.timeout(5):
                    for _ in range(200):
                        await page.send(_event(f"{_STATE}.hydrate"))
        await asyncio.sleep(3)
        _held(f"{_PAGES} pages that read nothing", _resident(server) - before)


def _held(what: str, grown: float) -> None:
    figure(what, f"{grown:.0f} MB held", f"<= {_MOST_HELD:.0f} MB", grown <= _MOST_HELD)


async def _open(stack: AsyncExitStack, server: Server, token: str | None = None) -> ClientConnection:
    token = secrets.token_hex(16) if token is None else token
    address = f"{server.url.replace('http', 'ws', 1)}/_event/?EIO=4&transport=websocket" + f"&token={token}" * bool(
        token
    )
    page = await connect(address, origin=server.url, proxy=None, compression=None, max_size=None)  # type: ignore[arg-type]
    stack.callback(page.transport.abort)
    await page.recv()
    await page.send("40/_event,")
    await page.recv()
    return page


async def _settle(page: ClientConnection) -> None:
    """Until the desk has come to what was sent before, or has closed the socket."""
    await page.send('42/_event,["ping"]')
    async with asyncio.timeout(30):
        while '"pong"' not in str(await page.recv()):
            pass


def _event(name: str, **payload: Any) -> str:
    return "42/_event," + json.dumps(["event", {"name": name, "payload": payload, "router_data": {"pathname": "/"}}])


def _resident(server: Server) -> float:
    """Megabytes."""
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * 4_096 / 1e6
