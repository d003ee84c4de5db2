"""A run that is stopped stops its providers too: nobody pays for words that nobody reads."""

import asyncio
import time

import pytest

from backend.users import LOCAL
from frontdesk.contracts.events import Cancelled, Token
from tests.faults.stack import CHARGED, GPT, NOVA, Desk, Heard, Stack, server_of, settings_for
from tests.faults.test_costs import routes_then
from tests.faults.test_two_workers import QUESTION
from tests.providers.loopback import LoopbackServer, RecordedRequest
from tests.providers.script import Fault, Script

pytestmark = pytest.mark.asyncio(loop_scope="package")

LONG = tuple(f"word{number} " for number in range(400))
# Far from the end of what is written, and from any deadline.
CLOSED_WITHIN = 6.0


def writing_on(server: LoopbackServer) -> list[RecordedRequest]:
    """The requests that have been answered with some words."""
    return [request for request in server.requests if request.sent_tokens]


async def stop_in_the_middle(
    desk: Desk, question: str, server: LoopbackServer, *, writers: int = 1, task: bool = False
) -> tuple[Heard, float]:
    """Ask, stop once every writer's words have come, and follow to the end; and when it was stopped."""
    run = await desk.start(question)
    spoken = 0
    async for _, event in desk.frames(run):
        spoken += isinstance(event, Token)
        if spoken >= 3 and len(writing_on(server)) == writers:
            break
    stopped = time.monotonic()
    if task:
        (found,) = [one for one in asyncio.all_tasks() if one.get_name() == f"run-{run.id}"]
        found.cancel()
    else:
        await desk.engine.cancel(run.id, LOCAL.id, "stopped by the test")
    return await desk.hear(run), stopped


async def expect_closed(server: LoopbackServer, stopped: float, number: int) -> None:
    """All that were writing were left soon after, far from their end."""
    writing = writing_on(server)
    assert len(writing) == number
    for request in writing:
        closed = await asyncio.to_thread(server.wait_until_closed, request)
        assert closed - stopped < CLOSED_WITHIN
        assert request.sent_tokens < len(LONG)


def expect_cancelled(heard: Heard) -> None:
    assert isinstance(heard.end, Cancelled)
    assert heard.run is not None
    assert heard.run.status == "cancelled"
    assert heard.stored


@pytest.mark.parametrize("task", [False, True], ids=["engine", "task"])
@pytest.mark.parametrize("model", [NOVA, GPT])
async def test_a_run_that_is_stopped_leaves_its_provider(stack: Stack, model: str, task: bool) -> None:
    server = server_of(stack, model)
    server.script = Script(LONG, gap_seconds=0.03)
    heard, stopped = await stop_in_the_middle(stack.desk(settings_for(model)), CHARGED, server, task=task)
    expect_cancelled(heard)
    await expect_closed(server, stopped, 1)


@pytest.mark.parametrize("model", [NOVA, GPT])
async def test_a_run_that_is_stopped_leaves_a_provider_that_is_silent(stack: Stack, model: str) -> None:
    server = server_of(stack, model)
    server.script = Script(LONG, Fault.STALL, 10)
    heard, stopped = await stop_in_the_middle(stack.desk(settings_for(model)), CHARGED, server)
    expect_cancelled(heard)
    await expect_closed(server, stopped, 1)


@pytest.mark.parametrize("model", [NOVA, GPT])
async def test_two_workers_that_are_stopped_leave_both(stack: Stack, model: str) -> None:
    writes = Script(LONG, gap_seconds=0.03)
    stack.bedrock.script = routes_then(writes)  # type: ignore[assignment]
    stack.openai.script = writes
    server = server_of(stack, model)
    heard, stopped = await stop_in_the_middle(stack.desk(settings_for(model, NOVA)), QUESTION, server, writers=2)
    expect_cancelled(heard)
    await expect_closed(server, stopped, 2)


@pytest.mark.parametrize("model", [NOVA, GPT])
async def test_a_run_can_be_stopped_before_its_provider_begins(stack: Stack, model: str) -> None:
    server = server_of(stack, model)
    server.script = Script(fault=Fault.HANG)
    desk = stack.desk(settings_for(model))
    run = await desk.start(CHARGED)
    await asyncio.to_thread(server.wait_for_requests, 1)
    stopped = time.monotonic()
    await desk.engine.cancel(run.id, LOCAL.id, "stopped by the test")
    heard = await desk.hear(run)
    assert time.monotonic() - stopped < CLOSED_WITHIN
    assert isinstance(heard.end, Cancelled)
    assert heard.text == ""
