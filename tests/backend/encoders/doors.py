"""Every door of a desk that plays a scripted run: the bytes it writes, with ids replaced that differ each time."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import orjson
from fastapi import FastAPI

from backend.desk import OpenDesk
from backend.limits.clock import DeskClock
from backend.limits.costs import CostEstimates
from backend.runs.engine import RunEngine
from backend.runs.event_log import EventLog
from tests.backend.encoders.scripts import PAUSE_SECONDS, Act, Script, ScriptedAnswers

# A desk on which no time passes says the same of each run.
STILL = DeskClock(wall=lambda: 1_767_225_600.125, elapsed=lambda: 0.0)

_BOUND_SECONDS = 30
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HEARTBEATS = re.compile(r'(?:(: heartbeat\n\n|data: {"type":"heartbeat"}\n\n))+')
_TASK = {"agent_type": "billing", "task": "Explain refunds"}


@dataclass(frozen=True)
class Doors:
    """The application in front of a desk."""

    app: FastAPI

    async def post(self, path: str, **body: Any) -> str:
        """Return the status, the headers that tell of the content, and the body of a reply."""
        return _told(await self._ask("POST", path, json=body))

    async def follow(self, **options: Any) -> str:
        """Play the run to its end; return what is told of it later."""
        played = await self._ask("POST", "/agent/generate", json=_TASK)
        return _told(await self._ask("GET", f"/runs/{played.headers['x-generation-id']}/stream", **options))

    async def converse(self, *messages: str | bytes) -> str:
        """Send messages over a WebSocket, each once the one before has its last frame; return all frames."""
        inbox, outbox = asyncio.Queue[dict[str, Any]](), asyncio.Queue[Any]()
        scope: dict[str, Any] = {
            "type": "websocket",
            "path": "/ws/ai/stream",
            "query_string": b"",
            "client": None,
            "state": {},
        }
        inbox.put_nowait({"type": "websocket.connect"})
        serving = asyncio.create_task(self.app({**scope, "headers": [(b"host", b"localhost")]}, inbox.get, outbox.put))
        heard = list[str]()
        async with asyncio.timeout(_BOUND_SECONDS):
            assert (await outbox.get())["type"] == "websocket.accept"
            for message in messages:
                kind = "text" if isinstance(message, str) else "bytes"
                inbox.put_nowait({"type": "websocket.receive", kind: message})
                heard.append(_frame(await outbox.get()))
                while not _is_last(heard[-1]):
                    heard.append(_frame(await outbox.get()))
            inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})
            await serving
        return _named("\n".join(heard)) + "\n"

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, path, timeout=_BOUND_SECONDS, **options)


@asynccontextmanager
async def playing(app: FastAPI, desk: OpenDesk, script: Script) -> AsyncIterator[Doors]:
    """Let the desk answer everything with the script."""
    settings = desk.settings
    if Act.PAUSE in script:
        settings = settings.model_copy(update={"heartbeat_seconds": PAUSE_SECONDS / 4})
    log, stopping = EventLog(desk.stores.runs, STILL), list[asyncio.Task[None]]()
    costs = CostEstimates(settings, desk.catalog, desk.chains)
    answers = ScriptedAnswers(
        script,
        cancel=lambda run_id, reason: engine.cancel_now(run_id, reason),
        shut_down=lambda: stopping.append(asyncio.create_task(engine.stop(0.1))),
    )
    engine = RunEngine(settings, desk.stores, log, lambda agent: answers, desk.metrics, STILL, costs)
    app.state.desk = replace(desk, settings=settings, runs=engine)
    try:
        yield Doors(app)
    finally:
        await asyncio.gather(engine.stop(0.1), *stopping)
        await log.close()


def _told(response: httpx.Response) -> str:
    headers = "".join(
        f"{name}: {response.headers[name]}\n"
        for name in ("content-type", "cache-control", "x-accel-buffering", "x-generation-id")
        if name in response.headers
    )
    return _named(f"{response.status_code}\n{headers}\n{response.content.decode()}")


def _frame(sent: dict[str, Any]) -> str:
    return str(sent.get("text") or f"({sent['type']} {sent.get('code')} {sent.get('reason')})")


def _is_last(frame: str) -> bool:
    """Tell whether a frame is the last of those that answer a message."""
    told = orjson.loads(frame) if frame.startswith("{") else {}
    return "token" not in told and told.get("type") != "started"


def _named(text: str) -> str:
    """Name the ids by the order in which they come, and count several heartbeats as one."""
    names: dict[str, str] = {}
    text = _UUID.sub(lambda found: names.setdefault(found[0], f"<id-{len(names) + 1}>"), text)
    return _HEARTBEATS.sub(r"\1", text)
