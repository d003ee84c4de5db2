"""An agent with tools in a whole desk: what is streamed is stored, and no call is remembered."""

from dataclasses import replace

import pytest

from frontdesk.contracts.events import Handoff, TraceEnd, TraceStart
from tests.faults.stack import CHARGED, GPT, NOVA, Stack, server_of, settings_for
from tests.providers.loopback import RecordedRequest
from tests.providers.script import Called, Fault, Script

pytestmark = pytest.mark.asyncio(loop_scope="package")

SEARCH = Called("search_documents", '{"query": "annual plans"}')
PERSON = Called("hand_over", '{"reason": "wants a contract"}')
CALLING = Script(("I look ", "[1]. "), calls=(SEARCH, PERSON))
ANSWER = Script(("Five days ", "[1]."))


@pytest.fixture
def tooled(stack: Stack) -> Stack:
    """The same with tools for every agent."""
    tools = {"tools": ("search_documents", "hand_over")}
    return replace(stack, agents=[agent.model_copy(update=tools) for agent in stack.agents])


def calls_first(request: RecordedRequest) -> Script:
    """Calls tools, then answers from what they found."""
    last = request.body["messages"][-1]
    return ANSWER if last["role"] == "tool" or "toolResult" in last["content"][0] else CALLING


@pytest.mark.parametrize("model", [NOVA, GPT])
async def test_a_conversation_remembers_the_answer_and_no_call(tooled: Stack, model: str) -> None:
    server = server_of(tooled, model)
    server.script = calls_first
    desk = tooled.desk(settings_for(model))
    for _ in range(2):
        heard = await desk.hear(await desk.start(CHARGED, f"tools-of-{server.__class__.__name__}"))
        assert heard.text == "I look [1]. \n\nFive days [1]."
        assert heard.done.finish_reason == "handoff"
        assert heard.done.usage.prompt == 200
        assert len(heard.of(Handoff)) == 1
        steps = {step.step_id: step for step in heard.of(TraceStart) if step.step_type == "tool"}
        assert {step.step_name for step in steps.values()} == {"search_documents", "hand_over"}
        assert {end.status for end in heard.of(TraceEnd) if end.step_id in steps} == {"completed"}
    asked = server.requests[2].body["messages"]
    assert [message["role"] for message in asked if message["role"] != "system"] == ["user", "assistant", "user"]
    assert "search_documents" not in str(asked[:-1])


@pytest.mark.parametrize("at", range(9))
async def test_calls_that_break_anywhere_are_replaced_whole(tooled: Stack, at: int) -> None:
    tooled.bedrock.script = replace(CALLING, fault=Fault.EXCEPTION, at=at)
    tooled.openai.script = calls_first
    heard = await tooled.desk(settings_for(f"{NOVA},{GPT}")).ask(CHARGED)
    assert heard.text == "I look [1]. \n\nFive days [1]."
    assert len(heard.of(Handoff)) == 1


async def test_the_embedded_model_uses_no_tools(tooled: Stack, stack: Stack) -> None:
    plain = await stack.desk(settings_for()).ask(CHARGED)
    heard = await tooled.desk(settings_for()).ask(CHARGED)
    assert heard.text == plain.text
    assert not [step for step in heard.of(TraceStart) if step.step_type == "tool"]
