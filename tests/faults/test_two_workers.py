"""Two agents answer at once, and the provider of one breaks: what the other says stands, word for word."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from frontdesk.contracts.events import Reset, Token
from tests.faults.silence import Silences
from tests.faults.stack import GPT, NOVA, Heard, Stack, mark_of, settings_for, system_of
from tests.providers.loopback import RecordedRequest
from tests.providers.script import Fault, Script

pytestmark = pytest.mark.asyncio(loop_scope="package")

QUESTION = "How much is the Team plan per month, and where is customer data stored?"
FORM = {
    "tasks": [
        {"agent": "billing", "question": "How much is the Team plan per month?"},
        {"agent": "compliance", "question": "Where is customer data stored?"},
    ],
    "reason": "two things",
    "confidence": 0.9,
    "needs_human": False,
}
BROKEN = (*(f"broken{number} " for number in range(9)), "[1]")
OTHER = (*(f"other{number} " for number in range(9)), "[1]")
SECOND = ("second ", "[1]", " answer")
NAMES = {"billing": "Billing", "compliance": "Compliance and privacy"}
OFFSETS = range(len(BROKEN) + 1)
FAULTS = [Fault.CUT, Fault.RESET, Fault.EXCEPTION, Fault.BAD_CRC, Fault.NO_FINISH]
# Seconds until each begins, and between its tokens. The order that they make is looked for, not relied on.
ORDERS: dict[str, tuple[Script, Script]] = {
    "the other has finished": (Script(BROKEN, first_token_seconds=0.3), Script(OTHER)),
    "the other speaks": (Script(BROKEN, first_token_seconds=0.1), Script(OTHER, gap_seconds=0.05)),
    "the other waits": (
        Script(BROKEN, gap_seconds=0.02),
        Script(OTHER, first_token_seconds=0.03, gap_seconds=0.03),
    ),
    "the other is silent": (Script(BROKEN), Script(OTHER, first_token_seconds=0.3)),
}


def worker_of(request: RecordedRequest) -> str:
    """The agent that asks."""
    return "billing" if "You are billing." in system_of(request) else "compliance"


def bedrock_of(breaks: str, broken: dict[str, Script], other: Script) -> Callable[[RecordedRequest], Script]:
    """Bedrock routes, and writes for both agents: for one it breaks."""

    def script(request: RecordedRequest) -> Script:
        if "toolConfig" in request.body:
            return Script(tool_input=FORM)
        return broken[mark_of(request)] if worker_of(request) == breaks else other

    return script


async def run_all(stack: Stack, breaks: str, scripts: list[Script], other: Script) -> list[Heard]:
    """One desk for each script, all at once."""
    stack.bedrock.script = bedrock_of(breaks, {str(n): script for n, script in enumerate(scripts)}, other)
    stack.openai.script = Script(SECOND)
    settings = settings_for(f"{NOVA},{GPT}", NOVA)
    return await asyncio.gather(*(stack.desk(settings, str(n)).ask(QUESTION) for n in range(len(scripts))))


def section(heard: Heard, agent: str, tokens: tuple[str, ...]) -> str:
    """An agent's part of the answer, with the numbers that its sources have."""
    said = "".join(tokens).replace("[1]", f"[{heard.first_number(agent)}]")
    return f"**{NAMES[agent]}**\n\n{said}"


def expect_both_sections(heard: Heard, breaks: str) -> None:
    """Both, each once and whole, in either order, each with its own sources."""
    (stands,) = set(NAMES) - {breaks}
    sections = section(heard, breaks, SECOND), section(heard, stands, OTHER)
    assert heard.text in ("\n\n".join(sections), "\n\n".join(reversed(sections)))
    assert heard.first_number("billing") != heard.first_number("compliance")
    assert heard.done.finish_reason == "stop"
    # A reset withdraws what that agent had said, and nothing else is a reason for one.
    withdrawn = [token for token in heard.of(Token) if "broken" in token.content]
    assert len(heard.of(Reset)) == bool(withdrawn or opened_and_broke(heard, breaks))
    assert all(token.agent == breaks for token in withdrawn)


def opened_and_broke(heard: Heard, breaks: str) -> bool:
    """Whether the agent had its heading said twice: once before it broke."""
    return sum(token.content.endswith(f"**{NAMES[breaks]}**\n\n") for token in heard.of(Token)) > 1


@pytest.mark.parametrize("breaks", ["billing", "compliance"])
@pytest.mark.parametrize("order", ORDERS)
async def test_what_one_says_stands_when_the_other_breaks_off(stack: Stack, order: str, breaks: str) -> None:
    broken, other = ORDERS[order]
    scripts = [replace(broken, fault=FAULTS[at % len(FAULTS)], at=at) for at in OFFSETS]
    runs = await run_all(stack, breaks, scripts, other)
    for heard in runs:
        expect_both_sections(heard, breaks)
    # The order was the one that was meant, at least where the machine was not too late for it.
    assert any(was_in_order(heard, order, breaks) for heard in runs)


def was_in_order(heard: Heard, order: str, breaks: str) -> bool:
    first = heard.of(Token)[0].agent
    if order == "the other has finished":
        # Its section is said again behind the reset.
        return first != breaks and bool(heard.of(Reset)) and replayed(heard, breaks)
    if order == "the other speaks":
        return first != breaks and not heard.of(Reset)
    return first == breaks and bool(heard.of(Reset))


def replayed(heard: Heard, breaks: str) -> bool:
    """Whether the other's section came again in one piece, with nothing left out."""
    reset = next(index for index, event in enumerate(heard.events) if isinstance(event, Reset))
    again = heard.events[reset + 1]
    (stands,) = set(NAMES) - {breaks}
    return isinstance(again, Token) and again.agent == stands and again.content == section(heard, stands, OTHER)


@pytest.mark.parametrize("breaks", ["billing", "compliance"])
async def test_what_one_says_stands_when_the_other_stalls(stack: Stack, silences: Silences, breaks: str) -> None:
    (stands,) = set(NAMES) - {breaks}

    async def fall_silent(at: int) -> None:
        # A model that is known to be silent is not asked again.
        await silences.first(f"[run {at}] You are {stands}.")
        deadline = await silences.first(f"[run {at}] You are {breaks}.")
        await deadline.wait_for_pieces(at)
        deadline.expire()

    scripts = [Script(BROKEN, Fault.STALL, at, gap_seconds=0.01) for at in OFFSETS]
    silent = asyncio.gather(*map(fall_silent, OFFSETS))
    for heard in await run_all(stack, breaks, scripts, Script(OTHER)):
        expect_both_sections(heard, breaks)
    await silent


async def test_both_may_break_at_once(stack: Stack) -> None:
    for fault in FAULTS:
        stack.bedrock.script = lambda request, fault=fault: (
            Script(tool_input=FORM) if "toolConfig" in request.body else Script(BROKEN, fault, 4)
        )
        stack.openai.script = Script(SECOND)
        heard = await stack.desk(settings_for(f"{NOVA},{GPT}", NOVA), "both").ask(QUESTION)
        sections = [section(heard, agent, SECOND) for agent in NAMES]
        assert heard.text in ("\n\n".join(sections), "\n\n".join(reversed(sections)))
        assert 1 <= len(heard.of(Reset)) <= 2


async def test_one_that_no_model_answers_fails_the_whole_run(stack: Stack) -> None:
    stack.bedrock.script = bedrock_of("billing", {"alone": Script(BROKEN, Fault.EXCEPTION, 3)}, Script(OTHER))
    stack.openai.script = Script(fault=Fault.BROKEN)
    desk = stack.desk(settings_for(f"{NOVA},{GPT}", NOVA, embedded_fallback=False), "alone")
    heard = await desk.ask(QUESTION)
    assert heard.error.code == "models_unavailable"
