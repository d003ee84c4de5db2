"""A turn that was withdrawn is forgotten: what was said in it, and the evidence that agents kept of it."""

from pathlib import Path
from typing import cast

import pytest

from agents.assistant import AssistantRequest
from backend.storage.sql.checkpoints import CheckpointStore
from knowledge.library import Library
from tests.agents.conversation import open_desk
from tests.agents.evidence import ABOUT_CURRENCY, ABOUT_VOUCHERS, VOUCHERS, stock
from tests.agents.failing_checkpoints import DyingMemory
from tests.agents.scripted import ScriptedModel
from tests.streaming_model import writes

AGAIN = "Within how many days is an annual plan refunded?"
# A turn of one agent stores less often than this.
MOST = 12


@pytest.fixture
async def stocked(library: Library) -> Library:
    """More about billing than one question brings up."""
    await stock(library)
    return library


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel(tokens={"billing": ["Yes. ", "[1]"]})


async def test_the_next_turn_knows_nothing_of_it(stocked: Library, model: ScriptedModel, tmp_path: Path) -> None:
    withdrawn: set[str] = set()
    async with open_desk(stocked, writes(model), tmp_path, withdrawn=withdrawn) as desk:
        await desk.hear(AssistantRequest(ABOUT_CURRENCY, "t", "first", "billing"))
        before = await desk.kept("billing")
        await desk.hear(AssistantRequest(ABOUT_VOUCHERS, "t", "second", "billing"))
        assert set(before) < set(await desk.kept("billing"))
        withdrawn.add("second")
        await desk.hear(AssistantRequest("Hello", "t", "third", "billing"))
        assert [message.text for message in await desk.messages()][:-1] == [ABOUT_CURRENCY, "Yes. [1]", "Hello"]
        assert await desk.kept("billing") == before
        await desk.hear(AssistantRequest(ABOUT_CURRENCY, "t", "fourth", "billing"))
    told = "".join(message.text for message in model.prompts[-1])
    assert told.count(ABOUT_CURRENCY) == 2
    assert VOUCHERS not in told
    assert ABOUT_VOUCHERS not in told


async def test_a_withdrawn_turn_that_read_nothing_takes_nothing_away(
    stocked: Library, model: ScriptedModel, tmp_path: Path
) -> None:
    async with open_desk(stocked, writes(model), tmp_path, withdrawn={"second"}) as desk:
        await desk.hear(AssistantRequest(ABOUT_CURRENCY, "t", "first", "billing"))
        before = await desk.kept("billing")
        await desk.hear(AssistantRequest("Hello", "t", "second", "billing"))
        await desk.hear(AssistantRequest("Good morning", "t", "third", "billing"))
        assert before
        assert await desk.kept("billing") == before


async def test_the_first_turn_may_be_withdrawn_again_and_again(
    stocked: Library, model: ScriptedModel, tmp_path: Path
) -> None:
    withdrawn: set[str] = set()
    async with open_desk(stocked, writes(model), tmp_path, withdrawn=withdrawn) as desk:
        for number in range(25):
            await desk.hear(AssistantRequest(f"{ABOUT_VOUCHERS} {number}", "t", f"r{number}", "billing"))
            assert [message.text for message in await desk.messages()] == [f"{ABOUT_VOUCHERS} {number}", "Yes. [1]"]
            withdrawn.add(f"r{number}")


@pytest.mark.parametrize("goes_on", [True, False])
@pytest.mark.parametrize("stored", range(MOST))
async def test_it_stays_forgotten_wherever_the_turn_in_its_place_is_cut_off(
    stocked: Library, model: ScriptedModel, tmp_path: Path, stored: int, goes_on: bool
) -> None:
    again = AssistantRequest(AGAIN, "t", "third", "billing", said="Yes")
    async with open_desk(stocked, writes(model), tmp_path, withdrawn={"second"}) as desk:
        await desk.hear(AssistantRequest(ABOUT_CURRENCY, "t", "first", "billing"))
        before = await desk.kept("billing")
        await desk.hear(AssistantRequest(ABOUT_VOUCHERS, "t", "second", "billing"))
        graph = desk.assistant.graph
        graph.checkpointer = DyingMemory(cast(CheckpointStore, graph.checkpointer), stored)
        await desk.hear(AssistantRequest(AGAIN, "t", "third", "billing"))
    async with open_desk(stocked, writes(model), tmp_path, withdrawn={"second"}) as desk:
        if goes_on:
            await desk.hear(again)
        else:
            await desk.assistant.leave(again, "so far")
        await desk.hear(AssistantRequest("Hello", "t", "fourth", "billing"))
        remembered = [message.text for message in await desk.messages()][:-2]
        kept = await desk.kept("billing")
    assert remembered[:2] == [ABOUT_CURRENCY, "Yes. [1]"]
    whole, given_up = [AGAIN, "Yes. [1]"], [AGAIN, "so far"]
    # Nothing is known of a turn of which nothing was stored.
    expected = [whole] if goes_on else [given_up, whole] if stored else [[]]
    assert remembered[2:] in expected
    assert set(before) <= set(kept)
    if not goes_on and stored <= 1:
        assert kept == before
