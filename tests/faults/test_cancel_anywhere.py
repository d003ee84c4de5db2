"""A run that is stopped while it routes, searches, or uses a tool; and the conversation that it leaves behind."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from backend.users import LOCAL
from frontdesk.contracts.events import Cancelled, TraceEnd
from knowledge.retrieval.strategies import Evidence, EvidenceGatherer
from tests.faults.stack import CHARGED, GPT, NOVA, Desk, Stack, server_of, settings_for
from tests.providers.loopback import RecordedRequest
from tests.providers.script import Called, Fault, Script

pytestmark = pytest.mark.asyncio(loop_scope="package")

ANSWER = Script(("Five days ", "[1]."))
LOOKS = Script(("I look. ",), calls=(Called("search_documents", '{"query": "stuck"}'),))
ENDED_WITHIN = 10.0


class Stuck(EvidenceGatherer):
    """A search that never ends, for the words that are named."""

    words = ""

    async def gather(self, strategy: Any, folder: str, question: str, **rest: Any) -> Evidence:
        if question == self.words:
            await asyncio.Event().wait()
        return await super().gather(strategy, folder, question, **rest)


class StuckAtFirst(Stuck):
    words = CHARGED


class StuckInTool(Stuck):
    words = "stuck"


def looks_first(request: RecordedRequest) -> Script:
    last = request.body["messages"][-1]
    return ANSWER if last["role"] == "tool" or "toolResult" in last["content"][0] else LOOKS


async def stop_in(desk: Desk, step_type: str, session: str) -> tuple[list[Any], float]:
    """Ask, stop as soon as a step of that type has begun, and follow to the end."""
    run = await desk.start(CHARGED, session)
    async for _, event in desk.frames(run):
        if getattr(event, "step_type", None) == step_type:
            break
    stopped = time.monotonic()
    await desk.engine.cancel(run.id, LOCAL.id, "enough")
    heard = await desk.hear(run)
    return heard.events, time.monotonic() - stopped


def with_tools(stack: Stack, strategies: type[EvidenceGatherer]) -> Stack:
    agents = [agent.model_copy(update={"tools": ("search_documents",)}) for agent in stack.agents]
    return replace(stack, agents=agents, strategies=strategies)


@pytest.mark.parametrize("model", [NOVA, GPT])
@pytest.mark.parametrize(("step_type", "strategies"), [("retrieve", StuckAtFirst), ("tool", StuckInTool)])
async def test_a_search_or_a_tool_is_broken_off_and_the_next_question_is_fine(
    stack: Stack, model: str, step_type: str, strategies: type[EvidenceGatherer]
) -> None:
    server = server_of(stack, model)
    server.script = looks_first
    session = f"stopped-in-{step_type}-{type(server).__name__}"
    events, seconds = await stop_in(with_tools(stack, strategies).desk(settings_for(model)), step_type, session)
    assert isinstance(events[-1], Cancelled)
    assert seconds < ENDED_WITHIN
    assert {end.status for end in events if isinstance(end, TraceEnd) and end.step_id.startswith("billing.")} >= {
        "cancelled"
    }
    server.script = ANSWER
    desk = stack.desk(settings_for(model))
    after = await desk.hear(await desk.start("And how long does that take?", session))
    assert after.text == "Five days [1]."
    roles = [message["role"] for message in server.requests[-1].body["messages"] if message["role"] != "system"]
    assert roles == ["user", "assistant", "user"]


async def test_a_run_that_is_stopped_while_it_is_routed_ends_at_once(stack: Stack) -> None:
    stack.bedrock.script = Script(fault=Fault.HANG)
    events, seconds = await stop_in(stack.desk(settings_for(supervisor=NOVA)), "route", "stopped-in-route")
    assert isinstance(events[-1], Cancelled)
    assert events[-1].reason == "enough"
    assert seconds < ENDED_WITHIN
    stack.bedrock.script = Script()
    desk = stack.desk(settings_for())
    after = await desk.hear(await desk.start("And how long does that take?", "stopped-in-route"))
    assert after.done.finish_reason in ("stop", "declined")


async def test_stopping_twice_and_after_the_end_changes_nothing(stack: Stack) -> None:
    desk = stack.desk(settings_for())
    run = await desk.start(CHARGED)
    for _ in range(2):
        await desk.engine.cancel(run.id, LOCAL.id, "enough")
    heard = await desk.hear(run)
    await desk.engine.cancel(run.id, LOCAL.id, "again")
    assert (await desk.hear(run)).events == heard.events
