"""The graph, from a question to what the conversation remembers, with a scripted model as its writer."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from agents.answering.extractive_writer import ExtractiveWriter
from agents.answering.prompt import Prompt
from agents.answering.writer import WriterChain, WriterChunk
from agents.catalog import read_catalog
from agents.conversation.wordings.english import ENGLISH_WORDING
from agents.errors import ModelsUnavailable
from frontdesk.contracts.events import Event, Handoff, Route, Sources, Token, TraceEnd, TraceStart, TraceUpdate, Usage
from knowledge.library import Library
from tests.agents.conversation import Desk, Turn, open_desk
from tests.agents.scripted import ScriptedModel
from tests.streaming_model import writes

TWO_PARTS = "How much is the Team plan per month, and where is customer data stored?"
CHARGED = "I was charged twice this month, how do I get my money back?"
UNANSWERED = "Can I pay with Bitcoin from a hardware wallet in Brazil?"
BILLING, COMPLIANCE = ["12 ", "USD ", "[1]"], ["In ", "Frankfurt ", "[1]"]


class WritesNothing(ExtractiveWriter):
    """Finds nothing to quote."""

    async def write(self, prompt: Prompt) -> AsyncGenerator[WriterChunk]:
        yield WriterChunk(" \n", finish="stop")


def model_of(*, writers: int = 1, breaks_off: bool = False) -> ScriptedModel:
    tokens = {"billing": BILLING, "compliance": COMPLIANCE}
    return ScriptedModel(tokens=tokens, meeting=asyncio.Barrier(writers), breaks_off=breaks_off)


def desk_with(model: ScriptedModel, library: Library, memory: Path) -> AbstractAsyncContextManager[Desk]:
    return open_desk(library, writes(model), memory)


@pytest.fixture
def model() -> ScriptedModel:
    """A model for one writer at a time."""
    return model_of()


@pytest.fixture
async def desk(model: ScriptedModel, library: Library, tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk with that model."""
    async with desk_with(model, library, tmp_path) as opened:
        yield opened


def steps_of(turn: Turn) -> dict[str, str]:
    """How each step ended; every one began before, once, and ended once."""
    begun: list[str] = []
    ended: dict[str, str] = {}
    for event in turn.events:
        match event:
            case TraceStart(step_id=step):
                assert step not in begun
                begun.append(step)
            case TraceEnd(step_id=step):
                assert step in begun
                assert step not in ended
                ended[step] = event.status
    assert set(begun) == set(ended)
    return ended


def places(turn: Turn, kind: type[Event], agent: str) -> list[int]:
    return [index for index, event in enumerate(turn.events) if type(event) is kind and vars(event)["agent"] == agent]


async def test_one_agent_answers_in_the_order_of_route_sources_tokens(desk: Desk, model: ScriptedModel) -> None:
    turn = await desk.ask(CHARGED)
    assert turn.text == "12 USD [1]"
    assert [route.agents for route in turn.of(Route)] == [["billing"]]
    (sources,) = turn.of(Sources)
    assert sources.sources[0].uri == "billing/refunds.md"
    assert [source.agent for source in sources.sources] == ["billing"] * len(sources.sources)
    kinds = [type(event) for event in turn.events if not isinstance(event, TraceStart | TraceEnd | TraceUpdate)]
    assert kinds == [Route, Sources, Token, Token, Token]
    assert steps_of(turn) == dict.fromkeys(
        ["route", "billing.retrieve", "billing.generate", "billing.agent"], "completed"
    )
    assert turn.outcome
    assert (turn.outcome.finish_reason, turn.used) == (
        "stop",
        Usage(prompt=100, completion=10, total=110),
    )
    assert len(model.prompts) == 1


async def test_two_agents_write_at_once_and_are_heard_one_after_the_other(library: Library, tmp_path: Path) -> None:
    model = model_of(writers=2)
    async with desk_with(model, library, tmp_path) as desk:
        turn = await desk.ask(TWO_PARTS)
        assert [message.text for message in await desk.messages()] == [TWO_PARTS, turn.text]
    numbers = {found.agent: min(source.id for source in found.sources) for found in turn.of(Sources)}
    billing = f"**Billing**\n\n12 USD [{numbers['billing']}]"
    compliance = f"**Compliance and privacy**\n\nIn Frankfurt [{numbers['compliance']}]"
    assert turn.text in (f"{billing}\n\n{compliance}", f"{compliance}\n\n{billing}")
    for agent in ("billing", "compliance"):
        tokens = places(turn, Token, agent)
        assert len(tokens) == 4
        assert places(turn, Sources, agent)[0] < tokens[0]
    assert turn.outcome
    assert turn.used == Usage(prompt=200, completion=20, total=220)


async def test_each_of_two_agents_is_asked_its_own_part_on_its_own_evidence(library: Library, tmp_path: Path) -> None:
    model = model_of(writers=2)
    async with desk_with(model, library, tmp_path) as desk:
        await desk.ask(TWO_PARTS)
    prompts = {prompt[0].text.split(" specialist")[0]: prompt for prompt in model.prompts}
    billing, compliance = prompts["You are the billing"], prompts["You are the compliance"]
    assert "Team plan" in billing[-1].text
    assert "data stored" not in billing[-1].text
    assert "data stored" in compliance[-1].text
    assert "Team plan" not in compliance[-1].text
    assert "| Team | 12 USD | 500 GB |" in billing[0].text
    assert "Frankfurt" not in billing[0].text
    assert "Frankfurt" in compliance[0].text


async def test_agents_that_answer_at_once_say_so_in_their_steps(library: Library, tmp_path: Path) -> None:
    async with desk_with(model_of(writers=2), library, tmp_path) as desk:
        turn = await desk.ask(TWO_PARTS)
    (route,) = turn.of(Route)
    begun = {start.step_id: start for start in turn.of(TraceStart)}
    for index, agent in enumerate(route.agents):
        whole = begun[f"{agent}.agent"]
        assert (whole.parallel_index, whole.parallel_total) == (index, 2)
        assert begun[f"{agent}.retrieve"].parent_id == begun[f"{agent}.generate"].parent_id == whole.step_id
    assert set(steps_of(turn).values()) == {"completed"}


async def test_the_conversation_remembers_exactly_what_was_said(desk: Desk) -> None:
    turn = await desk.ask(CHARGED)
    said = [(type(message), message.text) for message in await desk.messages()]
    assert said == [(HumanMessage, CHARGED), (AIMessage, turn.text)]


async def test_a_follow_up_is_asked_with_the_turns_before_it(desk: Desk, model: ScriptedModel) -> None:
    await desk.ask(CHARGED)
    turn = await desk.ask("and how long does that take?")
    assert turn.of(Route)[0].agents == ["billing"]
    system, *rest = model.prompts[1]
    assert "refunded within 5 to 10 working days" in system.text
    assert [(message.type, message.text) for message in rest] == [
        ("human", CHARGED),
        ("ai", "12 USD [1]"),
        ("human", "and how long does that take?"),
    ]


async def test_threads_do_not_hear_each_other(desk: Desk, model: ScriptedModel) -> None:
    await desk.ask(CHARGED, "one")
    await desk.ask(CHARGED, "two")
    assert [message.type for message in model.prompts[1]] == ["system", "human"]
    assert len(await desk.messages("one")) == len(await desk.messages("two")) == 2


async def test_a_long_conversation_reaches_the_model_shortened_from_its_beginning(
    desk: Desk, model: ScriptedModel
) -> None:
    for number in range(9):
        await desk.ask(f"I was charged twice for order{number}, how do I get my money back?")
    history = model.prompts[-1][1:-1]
    assert len(history) < 16
    assert "order7," in history[-2].text
    assert [message.type for message in history] == ["human", "ai"] * (len(history) // 2)


async def test_what_is_not_known_is_declined_without_asking_the_model(desk: Desk, model: ScriptedModel) -> None:
    turn = await desk.ask(UNANSWERED, "t")
    (route,) = turn.of(Route)
    (handoff,) = turn.of(Handoff)
    assert turn.text.startswith(f"{ENGLISH_WORDING.unknown} {ENGLISH_WORDING.offer}")
    assert (handoff.agent, handoff.summary) == (route.agents[0], UNANSWERED)
    assert turn.outcome
    assert turn.outcome is not None
    assert turn.outcome.finish_reason == "declined"
    assert model.prompts == []
    assert f"{route.agents[0]}.generate" not in steps_of(turn)
    assert (await desk.messages())[-1].text == turn.text


async def test_the_closest_documents_are_named_by_their_sources(desk: Desk) -> None:
    turn = await desk.ask(UNANSWERED, "t")
    titles = {str(source.id): source.title for told in turn.of(Sources) for source in told.sources}
    closest = re.findall(r"^- (.+) \[(\d+)\]$", turn.text, re.MULTILINE)
    assert closest
    assert [(title, number) for title, number in closest if titles.get(number) != title] == []


async def test_a_declined_follow_up_is_handed_over_with_what_was_said_before(desk: Desk) -> None:
    await desk.ask(CHARGED)
    turn = await desk.ask(UNANSWERED)
    assert turn.of(Handoff)[0].summary == f"{CHARGED}\n{UNANSWERED}"


async def test_who_asks_for_a_person_is_handed_over_with_the_conversation(desk: Desk, model: ScriptedModel) -> None:
    await desk.ask(CHARGED)
    turn = await desk.ask("I want to talk to a human")
    assert turn.of(Route)[0].needs_human
    (handoff,) = turn.of(Handoff)
    assert handoff.summary == f"{CHARGED}\nI want to talk to a human"
    assert turn.text == ENGLISH_WORDING.handover == (await desk.messages())[-1].text
    assert turn.outcome
    assert turn.outcome.finish_reason == "handoff"
    assert len(model.prompts) == 1


@pytest.mark.parametrize("greeting", ["Hello!", "hi", "?", "Hey, how are you?"])
async def test_a_greeting_is_greeted_with_what_can_be_asked(desk: Desk, model: ScriptedModel, greeting: str) -> None:
    turn = await desk.ask(greeting)
    assert all(agent.name in turn.text for agent in read_catalog("customer_support").agents)
    assert not turn.of(Route)
    assert not turn.of(Handoff)
    assert model.prompts == []
    assert turn.outcome
    assert turn.outcome.finish_reason == "stop"
    assert (await desk.messages())[-1].text == turn.text


async def test_a_model_that_breaks_off_fails_its_steps_and_the_answer(library: Library, tmp_path: Path) -> None:
    turn = Turn()
    async with desk_with(model_of(breaks_off=True), library, tmp_path) as desk:
        with pytest.raises(ModelsUnavailable, match=r"openai:scripted broke off \(ModelBrokeOff\)"):
            await desk.ask(CHARGED, turn=turn)
        assert [message.type for message in await desk.messages()] == ["human"]
    assert turn.text == "12 USD [1]"
    assert turn.outcome is None
    assert steps_of(turn) == {
        "route": "completed",
        "billing.retrieve": "completed",
        "billing.generate": "failed",
        "billing.agent": "failed",
    }


async def test_after_a_failed_answer_the_next_one_begins_anew(library: Library, tmp_path: Path) -> None:
    async with desk_with(model_of(breaks_off=True), library, tmp_path) as desk:
        with pytest.raises(ModelsUnavailable):
            await desk.ask(CHARGED)
    async with desk_with(model := model_of(), library, tmp_path) as desk:
        turn = await desk.ask(CHARGED)
        assert turn.text == "12 USD [1]"
        assert [message.type for message in await desk.messages()] == ["human", "human", "ai"]
    assert len(model.prompts) == 1


async def test_a_writer_with_nothing_to_say_does_not_know(library: Library, tmp_path: Path) -> None:
    async with open_desk(library, WriterChain([WritesNothing()]), tmp_path) as desk:
        turn = await desk.ask(CHARGED)
    assert ENGLISH_WORDING.unknown in turn.text
    assert turn.of(Handoff)


@pytest.mark.parametrize(("said", "opening"), [("Hello?", "Yes, I'm here."), ("ok, thanks a lot", "You're welcome.")])
async def test_courtesies_are_returned_in_mid_conversation(
    library: Library, tmp_path: Path, said: str, opening: str
) -> None:
    async with open_desk(library, WriterChain([ExtractiveWriter()]), tmp_path) as desk:
        await desk.ask("The upload API returns 413")
        assert (await desk.ask(said)).text.startswith(opening)


async def test_agents_that_answer_together_number_their_sources_apart(library: Library, tmp_path: Path) -> None:
    async with open_desk(library, WriterChain([ExtractiveWriter()]), tmp_path) as desk:
        turn = await desk.ask(TWO_PARTS)
    by_agent = [[source.id for source in found.sources] for found in turn.of(Sources)]
    assert len(by_agent) == 2
    assert set(by_agent[0]).isdisjoint(by_agent[1])
    cited = {int(number) for number in re.findall(r"\[(\d+)\]", turn.text)}
    assert cited <= {number for numbers in by_agent for number in numbers}
    assert all(cited & set(numbers) for numbers in by_agent)
