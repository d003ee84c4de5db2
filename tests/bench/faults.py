"""What a failing provider costs a user: requests with the primary healthy, then failing in each way."""

import asyncio
import time
from pathlib import Path

from tests.bench.client import PRIMARY, SECONDARY, Heard, desk, figure, health, hear, many, median, worst
from tests.provided import AWS_KEYS
from tests.providers.bedrock import BedrockServer
from tests.providers.openai import OpenAIServer
from tests.providers.script import Fault, Script
from tests.serving import Server

REQUESTS, AT_ONCE = 100, 20
STEADY_SECONDS = 15
WINDOW = 5.0
FAILING = {"429": Fault.THROTTLED, "500": Fault.BROKEN, "403": Fault.FORBIDDEN, "no credentials": None}


async def faults(data: Path) -> None:
    """All figures of a primary that fails, and of both."""
    with BedrockServer() as bedrock, OpenAIServer() as cloud:
        cloud.models = ("gpt-4o-mini",)
        for name, fault in FAILING.items():
            await _failing(data, bedrock, cloud, name, fault)
        await _hanging(data, bedrock, cloud)
        await _both_down(data, bedrock, cloud)
        await _both_hang(data, bedrock, cloud)


async def _failing(data: Path, bedrock: BedrockServer, cloud: OpenAIServer, name: str, fault: Fault | None) -> None:
    """Healthy and failing in one desk; without credentials, the healthy one is a desk that has them."""
    bedrock.script = Script()
    with desk(data, bedrock, cloud) as server:
        await many(server, "warm", 10, 5)
        healthy = await many(server, "healthy", REQUESTS, AT_ONCE)
        alone = await _steady(server, "alone", 3)
        if fault:
            bedrock.script = Script(fault=fault)
            return await _figures(server, bedrock, name, healthy, alone)
    with desk(data, bedrock, cloud, **dict.fromkeys(AWS_KEYS)) as server:
        await many(server, "warm", 10, 5)
        return await _figures(server, bedrock, name, healthy, alone)


async def _figures(server: Server, bedrock: BedrockServer, name: str, healthy: list[Heard], alone: list[Heard]) -> None:
    failing = await many(server, "failing", REQUESTS, AT_ONCE)
    by_next = sum(heard.answered_by == SECONDARY and heard.last["type"] == "done" for heard in failing)
    figure(f"primary {name}: answered by the next model", f"{by_next}", f"{REQUESTS}", by_next == REQUESTS)
    added = worst(failing) - median(healthy)
    figure(f"primary {name}: worst added first-token time, {AT_ONCE} at once", f"{added:.2f} s", "<= 1 s", added <= 1)
    most = max(heard.attempts(PRIMARY) for heard in failing)
    figure(f"primary {name}: most attempts on it for one request", f"{most}", "<= 2", most <= 2)
    began = time.monotonic()
    steady = await _steady(server, "steady", STEADY_SECONDS)
    arrived = [request.arrived for request in bedrock.requests if request.arrived >= began]
    probes = max((sum(at <= other < at + WINDOW for other in arrived) for at in arrived), default=0)
    what = f"primary {name}, breaker {_breaker(server)}"
    figure(f"{what}: most requests on it in any {WINDOW:g} s", f"{probes}", "<= 1", probes <= 1)
    added = 1000 * (median(steady) - median(alone))
    figure(f"{what}: added first-token time, median", f"{added:.0f} ms", "<= 50 ms", added <= 50)


async def _steady(server: Server, name: str, seconds: float) -> list[Heard]:
    """One question after the other."""
    heard: list[Heard] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        heard.append(await hear(server, f"{name}-{len(heard)}"))
        await asyncio.sleep(0.1)
    return heard


def _breaker(server: Server) -> str:
    return next(str(model["breaker"]) for model in health(server)["models"] if model["model"] == PRIMARY)


async def _hanging(data: Path, bedrock: BedrockServer, cloud: OpenAIServer) -> None:
    bedrock.script = Script()
    with desk(data, bedrock, cloud) as server:
        await many(server, "warm", 10, 5)
        bedrock.script = Script(fault=Fault.HANG)
        hanging = await many(server, "hanging", REQUESTS, AT_ONCE)
    by_next = sum(heard.answered_by == SECONDARY for heard in hanging)
    figure("primary hangs: answered by the next model", f"{by_next}", f"{REQUESTS}", by_next == REQUESTS)
    slowest = worst(hanging)
    figure("primary hangs, default deadlines: worst first token", f"{slowest:.2f} s", "<= 6 s", slowest <= 6)


async def _both_down(data: Path, bedrock: BedrockServer, cloud: OpenAIServer) -> None:
    bedrock.script = cloud.script = Script()
    with desk(data, bedrock, cloud) as server:
        await many(server, "warm", 10, 5)
        bedrock.script = cloud.script = Script(fault=Fault.BROKEN)
        down = await many(server, "down", AT_ONCE, AT_ONCE)
    quoted = sum(heard.last["type"] == "done" and heard.last["reduced"] for heard in down)
    figure("both providers down: answered, and marked as reduced", f"{quoted}", f"{AT_ONCE}", quoted == AT_ONCE)
    slowest = worst(down)
    figure("both providers down: worst first token", f"{slowest:.2f} s", "-", True)


async def _both_hang(data: Path, bedrock: BedrockServer, cloud: OpenAIServer) -> None:
    bedrock.script = cloud.script = Script()
    with desk(data, bedrock, cloud, EMBEDDED_FALLBACK="false") as server:
        await many(server, "warm", 10, 5)
        bedrock.script = cloud.script = Script(fault=Fault.HANG)
        hanging = await many(server, "hanging", AT_ONCE, AT_ONCE)
        with server.client() as client:
            stored = {client.get(f"/runs/{heard.events[0]['run_id']}").json()["status"] for heard in hanging}
    bedrock.script = cloud.script = Script()
    codes = {heard.last.get("code") for heard in hanging}
    slowest = max(heard.seconds for heard in hanging)
    figure("both hang, no embedded model: slowest error", f"{slowest:.2f} s", "<= 8 s", slowest <= 8)
    right = (codes, stored) == ({"models_unavailable"}, {"failed"})
    shown = f"{sorted(map(str, codes))[0]}/{sorted(stored)[0]}"
    figure("both hang, no embedded model: error and state of the run", shown, "failed", right)
