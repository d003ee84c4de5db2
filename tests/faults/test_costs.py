"""Prompts that providers can cache, and what an answer costs, whoever counted."""

import pytest

from frontdesk.contracts.events import Reset, Spent
from tests.faults.stack import CHARGED, GPT, NOVA, STORED, Heard, Stack, settings_for, system_of
from tests.faults.test_two_workers import FORM, QUESTION
from tests.providers.loopback import RecordedRequest
from tests.providers.script import Fault, Script, Usage

pytestmark = pytest.mark.asyncio(loop_scope="package")

LLAMA = "bedrock:us.meta.llama3-3-70b-instruct-v1:0"
CACHE_POINT = {"cachePoint": {"type": "default"}}
ROUTING = Script(tool_input=FORM, usage=Usage(prompt=700, completion=30))
# US dollars for a token, as in agents/models/prices.toml.
NOVA_IN, NOVA_CACHED, NOVA_OUT = 0.06e-6, 0.015e-6, 0.24e-6
GPT_IN, GPT_CACHED, GPT_OUT = 0.15e-6, 0.075e-6, 0.60e-6


def routes_then(writes: Script, routing: Script = ROUTING) -> object:
    """Fills in the form where it is asked to."""
    return lambda request: routing if "toolConfig" in request.body else writes


def of_compliance(requests: list[RecordedRequest]) -> list[RecordedRequest]:
    return [request for request in requests if "compliance specialist" in system_of(request)]


def expect_sum(heard: Heard) -> None:
    """The supervisor's part and the workers' make the whole."""
    done = heard.done
    both = done.supervisor + done.workers
    assert done.usage == both.usage
    assert done.cost_usd == pytest.approx(both.cost_usd, abs=1e-9)
    assert done.usage.total == done.usage.prompt + done.usage.completion


@pytest.mark.parametrize(("model", "cached"), [(NOVA, True), (LLAMA, False), (GPT, False)])
async def test_the_prompt_of_an_agent_that_reads_everything_never_changes(
    stack: Stack, model: str, cached: bool
) -> None:
    desk = stack.desk(settings_for(model))
    for question in (STORED, "How is customer data encrypted at rest, and with which cipher?", STORED):
        await desk.ask(question)
    both = stack.desk(settings_for(model, NOVA))
    server = stack.openai if model == GPT else stack.bedrock
    stack.bedrock.script = routes_then(Script())  # type: ignore[assignment]
    await both.ask(QUESTION)
    asked = of_compliance(server.requests)
    assert len(asked) == 4
    assert len({system_of(request).encode() for request in asked}) == 1
    assert "Frankfurt" in system_of(asked[0])
    if model != GPT:
        for request in asked:
            assert request.body["system"][1:] == ([CACHE_POINT] if cached else [])
    for name, provider in list(stack.providers.items()):
        if str(name) == LLAMA:
            await provider.close()
            del stack.providers[name]


async def test_tokens_from_the_cache_are_counted_and_cost_less(stack: Stack) -> None:
    usage = Usage(prompt=1000, completion=50, cached=800)
    stack.bedrock.script = stack.openai.script = Script(usage=usage)
    prices = {NOVA: (NOVA_IN, NOVA_CACHED, NOVA_OUT), GPT: (GPT_IN, GPT_CACHED, GPT_OUT)}
    for model, (fresh, cached, out) in prices.items():
        done = (await stack.desk(settings_for(model)).ask(STORED)).done
        assert (done.usage.prompt, done.usage.completion, done.usage.cached) == (1000, 50, 800)
        assert not done.usage.estimated
        assert done.cost_usd == pytest.approx(200 * fresh + 800 * cached + 50 * out, abs=1e-9)


async def test_supervisor_and_workers_make_the_sum_of_what_providers_counted(stack: Stack) -> None:
    stack.bedrock.script = ROUTING
    stack.openai.script = Script(usage=Usage(prompt=400, completion=25))
    heard = await stack.desk(settings_for(GPT, NOVA)).ask(QUESTION)
    expect_sum(heard)
    supervisor, workers = heard.done.supervisor, heard.done.workers
    assert (supervisor.usage.prompt, supervisor.usage.completion) == (700, 30)
    assert supervisor.cost_usd == pytest.approx(700 * NOVA_IN + 30 * NOVA_OUT)
    assert (workers.usage.prompt, workers.usage.completion) == (800, 50)
    assert workers.cost_usd == pytest.approx(800 * GPT_IN + 50 * GPT_OUT)
    assert not heard.done.usage.estimated


async def test_a_form_that_was_asked_for_twice_is_paid_twice(stack: Stack) -> None:
    usage = Usage(prompt=500, completion=10)
    words = ('{"tasks": [{"agent": "billing"}]}',)
    stack.bedrock.script = routes_then(  # type: ignore[assignment]
        Script(words, usage=usage), Script(usage=usage, tool_input={"tasks": "none"})
    )
    heard = await stack.desk(settings_for(supervisor=NOVA)).ask(CHARGED)
    assert heard.route.router == "model"
    assert heard.done.supervisor.usage.prompt == 1000
    assert heard.done.supervisor.cost_usd == pytest.approx(1000 * NOVA_IN + 20 * NOVA_OUT, abs=1e-9)


@pytest.mark.parametrize("model", [NOVA, GPT])
async def test_what_nobody_counted_is_estimated_and_marked(stack: Stack, model: str) -> None:
    stack.bedrock.script = stack.openai.script = Script(("Five days.",), usage=None)
    heard = await stack.desk(settings_for(model)).ask(CHARGED)
    expect_sum(heard)
    assert heard.done.workers.usage.estimated
    assert heard.done.workers.usage.completion == 4
    assert heard.done.workers.usage.prompt > 100
    assert heard.done.cost_usd > 0
    assert heard.done.supervisor == Spent()


@pytest.mark.parametrize(("first", "second"), [(NOVA, GPT), (GPT, NOVA)])
async def test_an_answer_that_was_withdrawn_is_paid_too(stack: Stack, first: str, second: str) -> None:
    broken = Script(("four" * 10, "more" * 10, "rest"), Fault.EXCEPTION, 2)
    whole = Script(("Five days.",), usage=Usage(prompt=300, completion=4))
    stack.bedrock.script, stack.openai.script = (broken, whole) if first == NOVA else (whole, broken)
    heard = await stack.desk(settings_for(f"{first},{second}")).ask(CHARGED)
    assert len(heard.of(Reset)) == 1
    expect_sum(heard)
    usage = heard.done.workers.usage
    assert usage.estimated
    assert usage.completion == 20 + 4
    assert usage.prompt > 300
