"""No keys, no models, or none that works: what the user is told then."""

from collections.abc import Iterator

import pytest

from agents.answering import canned_replies
from tests.faults.stack import CHARGED, GPT, NOVA, Stack, settings_for
from tests.providers.script import Fault, Script

pytestmark = pytest.mark.asyncio(loop_scope="package")

DEFAULTS = settings_for()
ASSUMED = {
    "worker": str(type(DEFAULTS).model_fields["worker_model"].default),
    "supervisor": str(type(DEFAULTS).model_fields["supervisor_model"].default),
}


@pytest.fixture
def no_keys(stack: Stack) -> Iterator[Stack]:
    """A machine that holds no credentials of any provider."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY"):
            patch.delenv(name)
        yield stack


async def quoted(stack: Stack) -> str:
    """The answer of a desk that only quotes, and is meant to."""
    return (await stack.desk(settings_for()).ask(CHARGED)).text


async def test_a_desk_that_nobody_gave_a_key_quotes_and_does_not_apologize(no_keys: Stack) -> None:
    async with no_keys.own(settings_for(**ASSUMED)) as desk:
        for _ in range(2):
            heard = await desk.ask(CHARGED)
            assert heard.text == await quoted(no_keys)
            assert not heard.done.reduced
            assert (heard.route.router, heard.route.model) == ("meaning", "embedded")
            assert heard.done.cost_usd == 0
    assert not no_keys.bedrock.requests
    assert not no_keys.openai.requests


async def test_a_model_that_was_chosen_and_has_no_key_is_missed_aloud(no_keys: Stack) -> None:
    async with no_keys.own(settings_for("openai:gpt-4o")) as desk:
        heard = await desk.ask(CHARGED)
    assert heard.done.reduced
    assert heard.text == canned_replies.reduced_note("en") + await quoted(no_keys)
    assert "no credentials" in heard.steps("billing")[0][3]


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.THROTTLED, Fault.CUT, Fault.UNAUTHORIZED])
async def test_with_both_providers_down_the_answer_says_that_it_is_quoted(stack: Stack, fault: Fault) -> None:
    stack.bedrock.script = stack.openai.script = Script(fault=fault)
    heard = await stack.desk(settings_for(f"{NOVA},{GPT}", f"{NOVA},{GPT}")).ask(CHARGED)
    assert heard.done.reduced
    assert heard.text == canned_replies.reduced_note("en") + await quoted(stack)
    assert (heard.route.router, heard.route.model) == ("meaning", "embedded")


async def test_an_assumed_chain_says_so_where_a_key_is_there_and_does_not_work(stack: Stack) -> None:
    stack.openai.script = Script(fault=Fault.UNAUTHORIZED)
    heard = await stack.desk(settings_for(ASSUMED["worker"])).ask(CHARGED)
    assert heard.done.reduced
    assert heard.text.startswith(canned_replies.reduced_note("en"))


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.THROTTLED, Fault.FORBIDDEN, Fault.NO_FINISH])
async def test_without_the_embedded_model_the_run_fails_with_one_error(stack: Stack, fault: Fault) -> None:
    stack.bedrock.script = stack.openai.script = Script(("Some", " words"), fault, 1)
    heard = await stack.desk(settings_for(f"{NOVA},{GPT}", embedded_fallback=False)).ask(CHARGED)
    assert (heard.error.code, heard.error.retryable) == ("models_unavailable", True)
    assert NOVA in heard.error.message
    assert GPT in heard.error.message
    assert heard.run is not None
    assert (heard.run.status, heard.run.error_code) == ("failed", "models_unavailable")


async def test_a_supervisor_without_a_model_fails_the_run(stack: Stack) -> None:
    stack.bedrock.script = Script(fault=Fault.BROKEN)
    heard = await stack.desk(settings_for(GPT, NOVA, embedded_fallback=False)).ask(CHARGED)
    assert heard.error.code == "models_unavailable"
    assert heard.text == ""


async def test_models_that_are_all_loading_are_worth_another_question(stack: Stack) -> None:
    stack.openai.script = Script(fault=Fault.LOADING)
    heard = await stack.desk(settings_for(GPT, embedded_fallback=False)).ask(CHARGED)
    assert (heard.error.code, heard.error.retryable) == ("model_loading", True)
    assert heard.run is not None
    assert (heard.run.status, heard.run.error_code) == ("failed", "model_loading")


async def test_one_that_is_loading_behind_one_that_is_broken_is_no_loading(stack: Stack) -> None:
    stack.bedrock.script, stack.openai.script = Script(fault=Fault.FORBIDDEN), Script(fault=Fault.LOADING)
    heard = await stack.desk(settings_for(f"{NOVA},{GPT}", embedded_fallback=False)).ask(CHARGED)
    assert heard.error.code == "models_unavailable"


@pytest.mark.parametrize("fault", [Fault.FORBIDDEN, Fault.BROKEN, Fault.EXCEPTION, Fault.LOADING])
async def test_what_a_provider_wrote_is_never_repeated(stack: Stack, fault: Fault) -> None:
    stack.bedrock.script = stack.openai.script = Script(fault=fault, error_text="sk-secret", echo_headers=True)
    heard = await stack.desk(settings_for(f"{NOVA},{GPT}", f"{NOVA},{GPT}")).ask(CHARGED)
    told = "".join(event.model_dump_json() for event in heard.events)
    for secret in ("sk-secret", "sk-loopback", "AKIDLOOPBACK", "AWS4-HMAC"):
        assert secret not in told
