"""Questions that meet the deletion of their conversation: none may bring it back under its id."""

import asyncio
import random
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import httpx

from tests.bench.client import figure
from tests.serving import serve

RACES, AT_ONCE = 320, 8
QUESTION = "How are refunds paid? 2 tokens"


async def _race(client: httpx.AsyncClient, number: int, chance: random.Random) -> str:
    """Ask and delete at one moment; the id of the conversation that was deleted."""
    session = f"s{number}"
    asked = (await client.post("/chat", json={"message": QUESTION, "session_id": session})).json()
    thread_id = str(asked["thread_id"])
    pauses = [chance.random() / 50 for _ in range(5)]

    async def ask(pause: float) -> None:
        await asyncio.sleep(pause)
        named = {"thread_id": thread_id} if number % 2 else {"session_id": session}
        await client.post("/chat", json={"message": QUESTION, "when_busy": "enqueue", **named})

    async def delete(pause: float) -> None:
        await asyncio.sleep(pause)
        await client.delete(f"/api/threads/{thread_id}", params={"hard_delete": True})

    await asyncio.gather(delete(pauses[0]), *map(ask, pauses[1:]))
    return thread_id


async def attack() -> None:
    """How many of the deleted conversations are there again, in the desk's database and in the agents' memory."""
    chance = random.Random(15)
    with tempfile.TemporaryDirectory() as base:
        data = Path(base) / "data"
        with serve(data, "tests.scripted", ANSWER_THRESHOLD=0, LOG_LEVEL="error") as server:
            async with httpx.AsyncClient(base_url=server.url, timeout=300, trust_env=False) as client:
                gate = asyncio.Semaphore(AT_ONCE)

                async def one(number: int) -> str:
                    async with gate:
                        return await _race(client, number, chance)

                deleted = await asyncio.gather(*(one(number) for number in range(RACES)))
        for name, table, column in (("desk.db", "threads", "id"), ("graph.db", "checkpoints", "thread_id")):
            with closing(sqlite3.connect(data / name)) as db:
                stored = {row[0] for row in db.execute(f"SELECT {column} FROM {table}")}
            back = len(stored.intersection(deleted))
            figure(f"deleted conversations that came back, in {RACES} races: {name}", f"{back}", "0", back == 0)
