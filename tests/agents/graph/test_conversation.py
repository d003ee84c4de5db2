"""Turns that are more than a question: complaints, trouble without a name, offers, other languages."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from pathlib import Path

import pytest

from agents.answering.extractive_writer import ExtractiveWriter
from agents.answering.writer import WriterChain
from agents.catalog import Agent
from agents.conversation.wordings.english import ENGLISH_WORDING
from agents.conversation.wordings.german import GERMAN_WORDING
from agents.conversation.wordings.japanese import JAPANESE_WORDING
from agents.routing.router import RoutingDecision, RoutingQuestion, RoutingResult
from agents.routing.semantic import SemanticRouter
from frontdesk.contracts.events import Handoff, Route, Sources
from knowledge.library import Library
from knowledge.retrieval.search import Searcher
from tests.agents.conversation import Desk, open_desk

CHARGED = "I was charged twice this month, how do I get my money back?"
UNANSWERED = "Can I pay with Bitcoin from a hardware wallet in Brazil?"


class TranslatingRouter(SemanticRouter):
    """Sends every question to billing, and searches for its translation."""

    async def stream_decision(
        self, question: RoutingQuestion, agents: Sequence[Agent]
    ) -> AsyncGenerator[RoutingResult]:
        decision = RoutingDecision(
            ("billing",),
            ((question.text,),),
            "it is about money",
            1.0,
            search_texts=("How are duplicate charges refunded?",),
        )
        yield RoutingResult(decision, self)


@pytest.fixture
async def desk(library: Library, tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk that quotes."""
    async with open_desk(library, WriterChain([ExtractiveWriter()]), tmp_path) as opened:
        yield opened


async def test_a_complaint_is_told_sorry_once_and_then_answered(desk: Desk) -> None:
    first = await desk.ask(f"This is ridiculous! {CHARGED}")
    assert first.text.startswith(f"{ENGLISH_WORDING.acknowledgement}\n\n")
    assert "[1]" in first.text
    second = await desk.ask(f"Unacceptable! {CHARGED}")
    assert second.of(Sources)
    assert ENGLISH_WORDING.acknowledgement not in second.text


@pytest.mark.parametrize("said", ["it doesn't work", "still not working!!!", "I have a problem"])
async def test_trouble_without_a_name_is_asked_back_and_never_searched(desk: Desk, said: str) -> None:
    await desk.ask(CHARGED, said)
    turn = await desk.ask(said, said)
    assert f"\u201c{CHARGED}\u201d" in turn.text
    assert not turn.of(Route)
    assert not turn.of(Sources)
    again = await desk.ask("nothing happens", said)
    assert again.text == f"{ENGLISH_WORDING.give_up} {ENGLISH_WORDING.offer}"


async def test_what_is_said_between_keeps_the_subject(desk: Desk) -> None:
    await desk.ask(CHARGED)
    await desk.ask("thanks!")
    turn = await desk.ask("and how long does that take?")
    assert [route.agents for route in turn.of(Route)] == [["billing"]]
    assert "5 to 10 working days" in turn.text


async def test_the_answer_to_a_question_back_keeps_the_subject(desk: Desk) -> None:
    await desk.ask(CHARGED)
    await desk.ask("it doesn't work")
    turn = await desk.ask("my bank shows both payments")
    assert [route.agents for route in turn.of(Route)] == [["billing"]]


async def test_who_accepts_the_offer_is_handed_over(desk: Desk) -> None:
    declined = await desk.ask(UNANSWERED)
    assert ENGLISH_WORDING.offer in declined.text
    turn = await desk.ask("yes please")
    (route,), (handoff,) = turn.of(Route), turn.of(Handoff)
    assert (route.needs_human, handoff.cause) == (True, "asked")
    assert turn.text == ENGLISH_WORDING.handover


async def test_a_question_in_german_is_quoted_under_a_german_sentence(desk: Desk) -> None:
    turn = await desk.ask("Refund für duplicate charge: wie bekomme ich mein Geld zurück?")
    opening = f"{GERMAN_WORDING.quotation}\n\n"
    assert turn.text.startswith(opening)
    assert turn.outcome
    assert turn.outcome.support
    assert turn.outcome.support.sentences[0].start == len(opening)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [("Hallo!", GERMAN_WORDING.greeting), ("Vielen Dank", GERMAN_WORDING.thanks), ("Tschüss", GERMAN_WORDING.farewell)],
)
async def test_courtesies_are_returned_in_their_language(desk: Desk, said: str, sentence: str) -> None:
    turn = await desk.ask(said)
    assert turn.text.startswith(sentence)
    assert not turn.of(Route)


async def test_a_router_that_translates_finds_the_documents_of_another_language(
    library: Library, tmp_path: Path
) -> None:
    chain = WriterChain([ExtractiveWriter()])
    router = TranslatingRouter(library.embedder, Searcher(library))
    async with open_desk(library, chain, tmp_path, router=router) as desk:
        turn = await desk.ask("二重に請求されました。返金してもらえますか。")
    assert turn.of(Sources)[0].sources[0].uri == "billing/refunds.md"
    assert turn.text.startswith(JAPANESE_WORDING.quotation)
