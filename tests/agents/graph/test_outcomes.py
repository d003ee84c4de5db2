"""Answered, hedged or declined; and each of several questions under its own heading."""

from pathlib import Path

from agents.answering.extractive_writer import ExtractiveWriter
from agents.answering.writer import WriterChain
from agents.conversation.wordings.english import ENGLISH_WORDING
from frontdesk.contracts.events import Handoff, Sources
from knowledge.library import Library
from tests.agents.conversation import Turn, open_desk

CHARGED = "I was charged twice this month, how do I get my money back?"
TWO_FOR_ONE = "How much is the Team plan per month, and how is a duplicate charge refunded?"
TWO_WITH_ONE_UNKNOWN = "How is a duplicate charge refunded? Do you sell umbrellas in Kathmandu?"


async def asked(library: Library, memory: Path, question: str, decline: float = 0.2, answer: float = 0.0) -> Turn:
    chain = WriterChain([ExtractiveWriter()])
    async with open_desk(library, chain, memory, threshold=decline, hedge=answer) as desk:
        return await desk.ask(question)


async def test_a_sure_answer_comes_without_reservation(library: Library, tmp_path: Path) -> None:
    turn = await asked(library, tmp_path, CHARGED)
    assert turn.outcome
    assert turn.outcome.finish_reason == "stop"
    assert turn.text.startswith("A duplicate charge is refunded within 5 to 10 working days")
    assert not turn.of(Handoff)
    (highlight,) = turn.outcome.highlights
    assert turn.text[highlight.start : highlight.end] in turn.of(Sources)[0].sources[0].snippet


async def test_an_unsure_answer_says_so_and_offers_a_person(library: Library, tmp_path: Path) -> None:
    turn = await asked(library, tmp_path, CHARGED, answer=0.999)
    assert turn.outcome
    assert turn.outcome.finish_reason == "hedged"
    assert turn.text.startswith(f"{ENGLISH_WORDING.nearest}\n\nA duplicate charge")
    assert [handoff.cause for handoff in turn.of(Handoff)] == ["unanswered"]
    assert turn.outcome.support
    assert turn.outcome.support.score < 0.999


async def test_what_is_less_likely_still_is_declined(library: Library, tmp_path: Path) -> None:
    turn = await asked(library, tmp_path, CHARGED, decline=0.999, answer=0.999)
    assert turn.outcome
    assert turn.outcome.finish_reason == "declined"
    assert turn.text.startswith(ENGLISH_WORDING.unknown)


async def test_two_questions_for_one_agent_are_answered_one_by_one(library: Library, tmp_path: Path) -> None:
    turn = await asked(library, tmp_path, TWO_FOR_ONE)
    first, second = turn.text.split("**How is a duplicate charge refunded?**")
    assert first.startswith("**How much is the Team plan per month**")
    assert "| Team | 12 USD | 500 GB |" in first
    assert "A duplicate charge is refunded within 5 to 10 working days" in second


async def test_what_one_of_two_questions_lacks_is_said(library: Library, tmp_path: Path) -> None:
    turn = await asked(library, tmp_path, TWO_WITH_ONE_UNKNOWN)
    assert turn.outcome
    assert turn.outcome.finish_reason == "stop"
    assert "A duplicate charge is refunded within 5 to 10 working days" in turn.text
    _, rest = turn.text.split("**Do you sell umbrellas in Kathmandu?**")
    assert ENGLISH_WORDING.unknown in rest or "Kathmandu" in rest
