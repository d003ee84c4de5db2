"""How well an answer is supported, from the writer to what the conversation's checkpoint holds of it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from agents.answering import canned_replies
from agents.answering.extractive_writer import ExtractiveWriter
from agents.answering.prompt import Prompt
from agents.answering.support_score import score, support_of
from agents.answering.whole_answer import place_answers
from agents.answering.writer import WriterChain, WriterChunk
from agents.graph.state import WorkerAnswer
from frontdesk.contracts.events import Support, SupportedSentence, Token
from knowledge.library import Library
from knowledge.retrieval import support
from tests.agents.conversation import open_desk

CHARGED = "I was charged twice this month, how do I get my money back?"
TWO_PARTS = "How much is the Team plan per month, and where is customer data stored?"
UNANSWERED = "Can I pay with Bitcoin from a hardware wallet in Brazil?"


class Says(ExtractiveWriter):
    """Says what a test wants, whatever the evidence."""

    def __init__(self, library: Library, text: str) -> None:
        super().__init__()
        self._text = text

    async def write(self, prompt: Prompt) -> AsyncGenerator[WriterChunk]:
        yield WriterChunk(self._text)
        yield WriterChunk(finish="stop")


def answer(agent: str, text: str, told: Support | None = None) -> WorkerAnswer:
    told_json = told.model_dump_json() if told else None
    return WorkerAnswer(
        agent=agent, text=text, finish_reason="stop", kept=[], reduced=False, last_number=1, support=told_json
    )


def told(*sentences: tuple[int, int, float]) -> Support:
    return Support(score=0, sentences=[SupportedSentence(start=s, end=e, score=x) for s, e, x in sentences])


def places(found: Support | None) -> list[tuple[int, int, float]]:
    return [(one.start, one.end, one.score) for one in found.sentences] if found else []


async def test_quotations_are_scored_by_how_well_they_answer(library: Library, tmp_path: Path) -> None:
    async with open_desk(library, WriterChain([ExtractiveWriter()]), tmp_path) as desk:
        turn = await desk.ask(CHARGED)
        two = await desk.ask(TWO_PARTS, "other")
    for heard in (turn, two):
        assert heard.outcome
        assert heard.outcome.support
        # How well they answer, not that they were copied; each of two answers by itself.
        assert all(0 < sentence.score < 1 for sentence in heard.outcome.support.sentences)
        assert (heard.outcome.data or {})["support"] == heard.outcome.support.model_dump()
    assert two.outcome
    said = [two.text[start:end] for start, end, _ in places(two.outcome.support)]
    assert said


async def test_an_invention_is_found_too(library: Library, tmp_path: Path) -> None:
    says = Says(library, "A duplicate charge is refunded within 5 to 10 working days. We also send a puppy to Nairobi.")
    async with open_desk(library, WriterChain([says]), tmp_path) as desk:
        turn = await desk.ask(CHARGED)
    assert turn.outcome
    first, second = (found for _, _, found in places(turn.outcome.support))
    assert second < support.SUPPORTED < first


async def test_the_desks_own_words_are_not_judged(library: Library, tmp_path: Path) -> None:
    async with open_desk(library, WriterChain([ExtractiveWriter()]), tmp_path, threshold=0.99) as desk:
        for message in (UNANSWERED, "Let me talk to a person please", "hello"):
            turn = await desk.ask(message, message)
            assert turn.outcome
            assert (turn.outcome.support, turn.outcome.data) == (None, None)
    note = canned_replies.reduced_note("en")
    reduced = f"{note}It costs 12 USD."
    found = await score(reduced, ["It costs 12 USD."], library.embedder)
    assert places(found) == [(len(note), len(reduced), 1.0)]


async def test_an_answer_outlives_what_judges_it(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks(*_: object) -> support.AnswerSupport:
        raise RuntimeError("no judgement")

    monkeypatch.setattr(support, "measure", breaks)
    async with open_desk(library, WriterChain([Says(library, "It costs 12 USD.")]), tmp_path) as desk:
        turn = await desk.ask(CHARGED)
    assert turn.outcome
    assert (turn.outcome.finish_reason, turn.outcome.support) == ("stop", None)
    assert "".join(token.content for token in turn.of(Token)) == "It costs 12 USD."
    assert "could not be scored" in caplog.text


def test_places_are_those_of_the_whole_answer() -> None:
    # What one agent says stands within what the other says, too.
    short, long = answer("a", "No.", told((0, 3, 0.5))), answer("b", "No. Never.", told((0, 3, 0.25), (4, 10, 1.0)))
    whole = "**B**\n\nNo. Never.\n\n**A**\n\nNo."
    for answers in ([short, long], [long, short]):
        assert places(support_of(place_answers(whole, answers))) == [(7, 10, 0.25), (11, 17, 1.0), (26, 29, 0.5)]


def test_equal_texts_have_a_place_each() -> None:
    same = told((0, 3, 0.5))
    placed = place_answers("No.\n\nNo.", [answer("a", "No.", same), answer("b", "No.", same)])
    assert places(support_of(placed)) == [(0, 3, 0.5), (5, 8, 0.5)]


def test_answers_of_before_there_were_scores_have_none() -> None:
    old = answer("a", "No.")
    del old["support"]
    assert support_of(place_answers("No.", [old])) is None
    assert support_of(place_answers("", [answer("a", "")])) is None
