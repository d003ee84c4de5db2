"""Whoever stops listening ends the upstream too, and leaves nothing behind."""

import asyncio
import threading
import time
from contextlib import aclosing

import pytest

from agents.models.circuit_breaker import BreakerState
from agents.models.model import Model
from agents.models.streaming_call import ModelRequest
from tests.agents.models.upstream import QUESTION, Upstream, hear, until
from tests.providers.clients import TOKENS
from tests.providers.script import Fault

AT_ONCE = 0.5
CANCELS = 20


async def listen(model: Model, heard: list[str]) -> None:
    async with aclosing(model.ask(ModelRequest(QUESTION))) as pieces:
        async for piece in pieces:
            heard.append(piece.text)


def play(upstream: Upstream, stalled: bool) -> None:
    if stalled:
        upstream.play(TOKENS, Fault.STALL, 2)
    else:
        upstream.play(TOKENS * 500, gap_seconds=0.01)


@pytest.mark.parametrize("stalled", [False, True])
async def test_a_cancelled_call_closes_its_upstream_at_once(upstream: Upstream, stalled: bool) -> None:
    play(upstream, stalled)
    model, heard = upstream.model(), list[str]()
    listening = asyncio.create_task(listen(model, heard))
    await until(lambda: "".join(heard).startswith("One two"))
    cancelled = time.monotonic()
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert await upstream.left(await upstream.chat()) - cancelled < AT_ONCE
    assert (model.breaker, model.last, model.state) == (BreakerState.CLOSED, None, "unchecked")


@pytest.mark.parametrize("stalled", [False, True])
async def test_a_reader_that_leaves_closes_the_upstream_at_once(upstream: Upstream, stalled: bool) -> None:
    play(upstream, stalled)
    async with aclosing(upstream.model().ask(ModelRequest(QUESTION))) as pieces:
        async for piece in pieces:
            if piece.text:
                break
        left = time.monotonic()
    assert await upstream.left(await upstream.chat()) - left < AT_ONCE


async def test_a_call_that_waits_for_its_first_token_is_cancelled_at_once(upstream: Upstream) -> None:
    upstream.play(TOKENS, Fault.STALL, 0)
    listening = asyncio.create_task(listen(upstream.model(), []))
    request = await upstream.chat()
    await asyncio.sleep(0.1)  # the headers are on their way; before them botocore shows nobody the connection
    cancelled = time.monotonic()
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    assert await upstream.left(request) - cancelled < AT_ONCE


@pytest.mark.parametrize("stalled", [False, True])
async def test_many_cancels_leave_no_thread_and_no_connection_behind(upstream: Upstream, stalled: bool) -> None:
    model = upstream.model()
    await hear(model)
    before = upstream.server.connections
    play(upstream, stalled)
    heard = [list[str]() for _ in range(CANCELS)]
    listening = [asyncio.create_task(listen(model, part)) for part in heard]
    await until(lambda: all("".join(part).startswith("One two") for part in heard), 15)
    threads = threading.active_count()
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)
    for number in range(CANCELS):
        await upstream.left(await upstream.chat(number + 2))
    await until(lambda: upstream.server.connections <= max(before, 1))
    # Nobody is held back, and as many again find a free thread.
    upstream.play(TOKENS)
    again = await asyncio.gather(*(hear(model) for _ in range(CANCELS)))
    assert [other.text for other in again] == ["".join(TOKENS)] * CANCELS
    assert threading.active_count() <= threads + 2


async def test_a_probe_that_is_cancelled_makes_way_for_another(upstream: Upstream) -> None:
    model = upstream.model(model_idle_seconds=2.0)
    upstream.play(TOKENS, Fault.STALL, 2)
    await hear(model)
    assert model.breaker is BreakerState.OPEN
    for breaker in model._breakers.values():
        breaker.clock = lambda: time.monotonic() + 10
    assert model.held_back() is None
    upstream.play(TOKENS, Fault.HANG)
    probing = asyncio.create_task(listen(model, []))
    await upstream.chat(2)
    assert model.held_back() is not None
    probing.cancel()
    await asyncio.gather(probing, return_exceptions=True)
    assert model.held_back() is None
