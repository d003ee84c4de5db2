"""A WebSocket client of the generation gateway."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.backend.api.generation.tasks import ANN, HELD, TASK, TEXT
from tests.serving import Server

WAIT = 30


@asynccontextmanager
async def opened(desk: Server, **options: Any) -> AsyncIterator[ClientConnection]:
    address = desk.url.replace("http", "ws") + "/ws/ai/stream"
    headers = {"authorization": f"Bearer {ANN}"}
    async with connect(address, additional_headers=headers, proxy=None, **options) as websocket:
        yield websocket


def task(task: str = TASK, **more: object) -> str:
    return json.dumps({"agent_type": "billing", "task": task, **more})


async def hear(websocket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(WAIT):
        return dict(json.loads(await websocket.recv()))


async def answer(websocket: ClientConnection, message: str) -> dict[str, Any]:
    """Send a message and return the frame that answers it."""
    await websocket.send(message)
    return await hear(websocket)


async def held(websocket: ClientConnection, **more: object) -> str:
    """Start a generation, wait until it has written all of its text, and return its id."""
    generation_id = (await answer(websocket, task(HELD, **more)))["generation_id"]
    while (await hear(websocket)).get("text") != TEXT:
        pass
    return str(generation_id)


def error_of(frame: dict[str, Any]) -> str:
    return str(frame["error"]["code"])


def run_of(client: httpx.Client, run_id: str) -> dict[str, Any]:
    """Return a run as the HTTP API reports it, or the error if it does not exist."""
    return dict(client.get(f"/runs/{run_id}").json())


def cancel(client: httpx.Client, run_id: str) -> None:
    """Cancel a generation over HTTP."""
    client.post(f"/agent/cancel/{run_id}").raise_for_status()


def metrics(client: httpx.Client) -> str:
    return client.get("/metrics").raise_for_status().text
