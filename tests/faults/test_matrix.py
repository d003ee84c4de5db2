"""Every way in which an answer can break, at every token: the user gets one whole answer, of one model."""

import asyncio
from collections.abc import Iterable

import pytest

from agents.answering import canned_replies
from frontdesk.contracts.events import Reset, Token
from tests.faults.silence import Silences, ask_a_silent_model
from tests.faults.stack import CHARGED, GPT, NOVA, Heard, Stack, by_mark, server_of, settings_for
from tests.providers.script import Fault, Script

pytestmark = pytest.mark.asyncio(loop_scope="package")

# The citation comes in three pieces, as models cut it; until it is whole, nothing of it is said.
FIRST = (*(f"first{number} " for number in range(20)), "[", "1", "]", *(f" first{number}" for number in range(23, 50)))
SECOND = (*(f"second{number} " for number in range(6)), "[1]", ".")
OFFSETS = range(len(FIRST) + 1)
AT_ONCE = 32
ORDERS = [(NOVA, GPT), (GPT, NOVA), (NOVA, "embedded"), (GPT, "embedded")]
IDS = ["bedrock-then-openai", "openai-then-bedrock", "bedrock-then-quoted", "openai-then-quoted"]
IN_THE_MIDDLE = [Fault.CUT, Fault.RESET, Fault.NO_FINISH, Fault.EXCEPTION, Fault.BAD_CRC]
AT_THE_DOOR = [
    Fault.THROTTLED,
    Fault.BROKEN,
    Fault.FORBIDDEN,
    Fault.UNAUTHORIZED,
    Fault.UNKNOWN_MODEL,
    Fault.BAD_REQUEST,
    Fault.LOADING,
]


async def answer_of(stack: Stack, model: str) -> str:
    """What the second of an order answers."""
    if model != "embedded":
        return "".join(SECOND)
    return canned_replies.reduced_note("en") + (await stack.desk(settings_for()).ask(CHARGED)).text


async def run_all(
    stack: Stack, order: tuple[str, str], scripts: Iterable[Script], silences: Silences | None = None
) -> list[Heard]:
    """One desk for each script of the first model, some at a time."""
    marked = {str(number): script for number, script in enumerate(scripts)}
    server_of(stack, order[0]).script = by_mark(marked)
    if order[1] != "embedded":
        server_of(stack, order[1]).script = Script(SECOND)
    gate = asyncio.Semaphore(AT_ONCE)
    settings = settings_for(",".join(order))

    async def one(mark: str) -> Heard:
        desk, script = stack.desk(settings, mark), marked[mark]
        async with gate:
            if silences and script.fault in (Fault.STALL, Fault.HANG):
                said = said_before(script.at) if script.fault is Fault.STALL else ""
                return await ask_a_silent_model(desk, silences, CHARGED, f"[run {mark}]", said)
            return await desk.ask(CHARGED)

    return await asyncio.gather(*map(one, marked))


def expect_one_whole_answer(order: tuple[str, str], heard: Heard, answer: str, said: str) -> None:
    """The second model's answer alone; withdrawn is what the first had said, if it had said anything."""
    assert heard.text == answer
    assert heard.done.reduced is (order[1] == "embedded")
    resets = [index for index, event in enumerate(heard.events) if isinstance(event, Reset)]
    assert len(resets) == bool(said)
    if resets:
        withdrawn = "".join(event.content for event in heard.events[: resets[0]] if isinstance(event, Token))
        assert withdrawn == said
        reset = heard.events[resets[0]]
        assert isinstance(reset, Reset)
        assert reset.model == order[1]
        assert reset.reason.startswith(order[0])


def said_before(offset: int) -> str:
    """What of the first answer is certain after so many tokens."""
    certain = 20 if offset in (21, 22) else offset
    return "".join(FIRST[:certain])


@pytest.mark.parametrize("fault", IN_THE_MIDDLE)
@pytest.mark.parametrize("order", ORDERS, ids=IDS)
async def test_an_answer_that_breaks_at_any_token_is_replaced_whole(
    stack: Stack, order: tuple[str, str], fault: Fault
) -> None:
    scripts = [Script(FIRST, fault, offset) for offset in OFFSETS]
    runs = await run_all(stack, order, scripts)
    answer = await answer_of(stack, order[1])
    for offset, heard in zip(OFFSETS, runs, strict=True):
        expect_one_whole_answer(order, heard, answer, said_before(offset))


@pytest.mark.parametrize("order", ORDERS, ids=IDS)
async def test_an_answer_that_stalls_at_any_token_is_replaced_whole(
    stack: Stack, silences: Silences, order: tuple[str, str]
) -> None:
    scripts = [Script(FIRST, Fault.STALL, offset) for offset in OFFSETS]
    runs = await run_all(stack, order, scripts, silences)
    answer = await answer_of(stack, order[1])
    for offset, heard in zip(OFFSETS, runs, strict=True):
        expect_one_whole_answer(order, heard, answer, said_before(offset))


@pytest.mark.parametrize("order", ORDERS, ids=IDS)
async def test_a_provider_that_does_not_begin_is_replaced_in_silence(
    stack: Stack, silences: Silences, order: tuple[str, str]
) -> None:
    broken = [Script(FIRST, fault) for fault in (*AT_THE_DOOR, Fault.HANG)]
    broken += [Script(FIRST, fault, -1) for fault in (Fault.CUT, Fault.RESET)]
    answer = await answer_of(stack, order[1])
    for heard in await run_all(stack, order, broken, silences):
        expect_one_whole_answer(order, heard, answer, "")
