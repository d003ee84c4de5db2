"""What a model thinks aloud never reaches the user, wherever its answer is cut."""

import asyncio

import pytest

from frontdesk.contracts.events import Reset, Token
from tests.faults.stack import CHARGED, GPT, NOVA, Heard, Stack, by_mark, settings_for
from tests.providers.script import Fault, Script

pytestmark = pytest.mark.asyncio(loop_scope="package")

THOUGHT = "<thinking>secret</thinking>\nFive days [1]. <think>more secret</think>Write to us."
ANSWER = "Five days [1]. Write to us."
AT_ONCE = 32


async def ask_all(stack: Stack, scripts: list[Script], chain: str) -> list[Heard]:
    """One desk for each script of Bedrock."""
    stack.bedrock.script = by_mark({str(number): script for number, script in enumerate(scripts)})
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> Heard:
        async with gate:
            return await stack.desk(settings_for(chain), str(number)).ask(CHARGED)

    return await asyncio.gather(*map(one, range(len(scripts))))


def everything_said(heard: Heard) -> str:
    """All tokens, withdrawn ones too."""
    return "".join(token.content for token in heard.of(Token))


async def test_thoughts_are_left_out_wherever_the_answer_is_cut(stack: Stack) -> None:
    cuts = [Script((THOUGHT[:at], THOUGHT[at:])) for at in range(1, len(THOUGHT), 2)] + [Script(tuple(THOUGHT))]
    for heard in await ask_all(stack, cuts, NOVA):
        assert heard.text == everything_said(heard) == ANSWER


async def test_nothing_of_a_thought_is_said_by_an_answer_that_breaks_in_it(stack: Stack) -> None:
    stack.openai.script = Script(("The other.",))
    broken = [Script(tuple(THOUGHT), Fault.EXCEPTION, at) for at in range(0, len(THOUGHT) + 1, 3)]
    for heard in await ask_all(stack, broken, f"{NOVA},{GPT}"):
        assert heard.text == "The other."
        withdrawn = everything_said(heard).removesuffix("The other.")
        assert ANSWER.startswith(withdrawn)
        assert len(heard.of(Reset)) == bool(withdrawn)


@pytest.mark.parametrize("thought", ["<thinking>secret", "<think>secret</think>", "<thinking>secret</thinking>\n \n"])
async def test_an_answer_that_is_all_thought_is_none(stack: Stack, thought: str) -> None:
    stack.openai.script = Script(("The other.",))
    (heard,) = await ask_all(stack, [Script(tuple(thought))], f"{NOVA},{GPT}")
    assert everything_said(heard) == "The other."
    assert not heard.of(Reset)
