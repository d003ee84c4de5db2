"""A desk over loopback providers for the benchmarks, and a client of it that costs little."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson

from tests.provided import BILLING, NOVA, at_bedrock, at_openai, no_profile
from tests.providers.loopback import LoopbackServer
from tests.serving import Server, serve_alone

BOUND = 60  # seconds
PRIMARY, SECONDARY = f"bedrock:{NOVA}", "openai:gpt-4o-mini"


@dataclass
class Heard:
    """What one question brought."""

    began: float = field(default_factory=time.perf_counter)
    first_token: float = float("nan")
    seconds: float = 0
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1]

    def attempts(self, model: str) -> int:
        """How often this question was put to the model."""
        return sum(event["type"] == "trace_end" and event.get("model") == model for event in self.events)

    @property
    def answered_by(self) -> str | None:
        """The model of the last attempt that came to its end."""
        whole = [event.get("model") for event in self.events if event.get("status") == "completed"]
        return next((model for model in reversed(whole) if model), None)


async def events_of(server: Server, question: str, session: str) -> AsyncIterator[dict[str, Any]]:
    """The events of one answer as they come."""
    body = orjson.dumps({"message": question, "session_id": session})
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = (
        f"POST /chat/stream HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    while line := await reader.readline():
        if line.startswith(b"data: "):
            yield orjson.loads(line[6:])
    writer.close()


async def hear(server: Server, session: str, question: str = BILLING) -> Heard:
    """One question, to its end."""
    heard = Heard()
    async for event in events_of(server, question, session):
        if event["type"] == "token" and not heard.first_token > 0:
            heard.first_token = time.perf_counter() - heard.began
        heard.events.append(event)
    heard.seconds = time.perf_counter() - heard.began
    return heard


async def many(server: Server, name: str, number: int, at_once: int, question: str = BILLING) -> list[Heard]:
    """So many questions, so many at a time."""
    gate = asyncio.Semaphore(at_once)

    async def one(index: int) -> Heard:
        async with gate:
            return await hear(server, f"{name}-{index}", question)

    return list(await asyncio.gather(*(one(index) for index in range(number))))


def median(answers: Sequence[Heard]) -> float:
    return statistics.median(heard.first_token for heard in answers)


def worst(answers: Sequence[Heard]) -> float:
    return max(heard.first_token for heard in answers)


def figure(what: str, value: str, asked: str, holds: bool) -> None:
    """One line of the report."""
    print(f"{what:<92}{value:>16}   asked {asked:<16}{'ok' if holds else 'MISSED'}", flush=True)


@contextmanager
def desk(data: Path, bedrock: LoopbackServer, cloud: LoopbackServer, **settings: object) -> Iterator[Server]:
    """A desk that has looked at all its models, and has all its parts in memory."""
    reached = {**at_bedrock(bedrock), **at_openai(cloud), **no_profile(data)}
    chosen = {"SUPERVISOR_MODEL": "embedded", "WORKER_MODEL": f"{PRIMARY},{SECONDARY}", "LOG_LEVEL": "error"}
    # None takes a setting away.
    merged = {name: value for name, value in (reached | chosen | settings).items() if value is not None}
    with serve_alone(data, **merged) as server:
        deadline = time.monotonic() + BOUND
        with server.client() as client:
            while any(model["state"] == "unchecked" for model in client.get("/health").json()["models"]):
                if time.monotonic() > deadline:
                    raise SystemExit("the models were not checked in time")
                time.sleep(0.1)  # polls for a condition; the deadline above bounds it
        yield server


def health(server: Server) -> dict[str, Any]:
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        body: dict[str, Any] = client.get("/health").json()
    return body
