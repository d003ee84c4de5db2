"""Other sections and marks come with an answer's outcome, of one agent or two, at once or after a restart."""

from pathlib import Path

import pytest

from agents.answering.writer import WriterChain
from agents.assistant import AnswerOutcome
from agents.assistant import AssistantRequest as Asked
from agents.graph.supervisor import finish_reason_of
from frontdesk.contracts.events import Sources
from knowledge.library import Library
from tests.agents.answering.test_whole_answer import answer
from tests.agents.conversation import Turn, open_desk
from tests.nearest import ROW, STEP, NearestWorker

ONE = "How are duplicate charges of a balloon refunded?"
TWO = "How much is the Team plan per month, and where is customer data stored?"


def checked(turn: Turn) -> AnswerOutcome:
    """The outcome, whose marks and sections are those of the answer."""
    outcome = turn.outcome
    assert outcome
    marks = [turn.text[mark.start : mark.end] for mark in outcome.highlights]
    assert marks == [STEP, ROW] * (len(marks) // 2)
    assert set(outcome.see_also) <= {source.id for told in turn.of(Sources) for source in told.sources}
    assert outcome.data == {
        "see_also": outcome.see_also,
        "highlights": [{"start": mark.start, "end": mark.end} for mark in outcome.highlights],
    }
    return outcome


@pytest.mark.parametrize(("question", "finish", "marks"), [(ONE, "hedged", 2), (TWO, "stop", 4)])
async def test_the_outcome_says_what_agents_add_also_after_a_restart(
    library: Library, tmp_path: Path, question: str, finish: str, marks: int
) -> None:
    async with open_desk(library, WriterChain([]), tmp_path, worker=NearestWorker) as desk:
        before = await desk.hear(Asked(question, "t", "run"))
    outcome = checked(before)
    assert (outcome.finish_reason, len(outcome.highlights)) == (finish, marks)
    assert outcome.see_also
    async with open_desk(library, WriterChain([]), tmp_path, worker=NearestWorker) as desk:
        after = await desk.hear(Asked(question, "t", "run", said=before.text[:20]))
    assert checked(after) == outcome


def test_who_shows_the_nearest_has_answered_less_than_others_and_more_than_none() -> None:
    kinds = [answer("a") | {"finish_reason": reason} for reason in ("declined", "hedged", "stop")]
    assert [finish_reason_of(kinds[:count]) for count in (1, 2, 3)] == ["declined", "hedged", "stop"]
