"""What tools do with whatever a model asks of them: every call has its answer, its step and its bounds."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import get_args

import pytest

from agents.answering import tools
from agents.answering.sources import SourceNumbering
from agents.answering.tools import FORMS, RequestedToolCall, Toolbox
from agents.catalog import ToolName
from agents.errors import ToolFailed
from agents.graph.answer_stream import AnswerStream
from frontdesk.contracts.events import Event, Handoff, Sources, TraceEnd, TraceStart
from knowledge.retrieval.strategies import Evidence
from tests.agents.evidence import agent, evidence_of
from tests.agents.models.upstream import until

FIRST = "# Refunds\n\nRefunds take five days.\n"
SECOND = "# Prices\n\nTeam costs 12 USD.\n"
SEARCH = RequestedToolCall("1", "search_documents", '{"query": "prices"}')
PERSON = RequestedToolCall("2", "hand_over", '{"reason": "wants a contract"}')
BOTH: tuple[ToolName, ...] = ("search_documents", "hand_over")


class Bench:
    """A toolbox, and all that was told to the client."""

    def __init__(
        self, gather: Callable[[str], Awaitable[Evidence]] | None = None, names: tuple[ToolName, ...] = BOTH
    ) -> None:
        self.events: list[Event] = []
        self.asked: list[str] = []
        shown = SourceNumbering("billing", AnswerStream(), self.events.append)
        shown.begin(evidence_of(FIRST))
        specialist = agent().model_copy(update={"tools": names})
        self.tools = Toolbox(
            specialist, gather or self._gather, 0.5, shown, "I want more.", self.events.append, "billing.agent"
        )

    async def _gather(self, query: str) -> Evidence:
        self.asked.append(query)
        return evidence_of(SECOND, FIRST)

    @property
    def steps(self) -> list[tuple[str, str, str | None]]:
        """Name, status and output of each step of a tool, in the order in which they began."""
        ends = {event.step_id: event for event in self.events if isinstance(event, TraceEnd)}
        starts = [event for event in self.events if isinstance(event, TraceStart)]
        assert {(start.step_type, start.parent_id) for start in starts} <= {("tool", "billing.agent")}
        return [(start.step_name, ends[start.step_id].status, ends[start.step_id].output) for start in starts]


async def never(query: str) -> Evidence:
    await asyncio.Event().wait()
    raise AssertionError(query)


def test_every_tool_that_an_agent_may_name_has_its_form() -> None:
    assert tuple(FORMS) == get_args(ToolName)
    assert [form["function"]["name"] for form in Bench(names=("hand_over", "hand_over")).tools.forms] == ["hand_over"]


async def test_what_is_found_is_numbered_behind_what_was_shown_and_told_once() -> None:
    bench = Bench()
    for _ in range(2):
        (result,) = await bench.tools.use([SEARCH])
        assert {(found.title, found.number) for found in result.sources} == {("Prices", 2), ("Refunds", 1)}
    told = [[source.id for source in event.sources] for event in bench.events if isinstance(event, Sources)]
    assert told == [[1], [2]]
    assert bench.steps == [("search_documents", "completed", "2 sources, confidence 0.90")] * 2


async def test_what_the_documents_do_not_hold_is_no_source() -> None:
    bench = Bench()
    bench.tools.threshold = 0.95
    (result,) = await bench.tools.use([SEARCH])
    assert (result.sources, result.text) == ((), "The documents hold nothing on that.")
    assert len([event for event in bench.events if isinstance(event, Sources)]) == 1


async def test_a_person_is_called_once() -> None:
    bench = Bench()
    await bench.tools.use([PERSON, PERSON])
    (handoff,) = [event for event in bench.events if isinstance(event, Handoff)]
    assert handoff == Handoff(cause="agent", reason="wants a contract", summary="I want more.", agent="billing")
    assert bench.tools.handed_over


@pytest.mark.parametrize("name", ["rm_rf", "", "search documents", "\ud800"])
async def test_a_tool_that_there_is_not_does_nothing(name: str) -> None:
    bench = Bench(names=("hand_over",))
    for named in (name, "search_documents"):
        (result,) = await bench.tools.use([RequestedToolCall("1", named, '{"query": "x"}')])
        assert result.text == "Error: there is no such tool; there are hand_over"
    assert bench.asked == []
    assert [(name, status) for name, status, _ in bench.steps] == [("unknown tool", "failed")] * 2


@pytest.mark.parametrize("arguments", ["", "{", "[]", "1", '{"query": 5}', '{"query": " "}', "[" * 100_000])
async def test_arguments_that_cannot_be_used_are_an_answer_too(arguments: str) -> None:
    bench = Bench()
    (result,) = await bench.tools.use([RequestedToolCall("1", "search_documents", arguments)])
    assert result.text == 'Error: search_documents takes a JSON object with a text "query"'
    assert bench.asked == []
    assert bench.steps[0][1:] == ("failed", result.text.removeprefix("Error: "))


async def test_arguments_are_bounded_and_can_be_stored() -> None:
    bench = Bench()
    await bench.tools.use(
        [RequestedToolCall("1", "search_documents", '{"query": "a\\u0000\\ud800' + "x" * 9999 + '"}')]
    )
    (query,) = bench.asked
    assert query.startswith("a?x")
    assert len(query) == 500


async def test_calls_of_one_round_run_at_once_and_there_is_a_most() -> None:
    meeting = asyncio.Barrier(4)

    async def gather(query: str) -> Evidence:
        async with asyncio.timeout(10):
            await meeting.wait()
        return evidence_of(SECOND)

    results = await Bench(gather).tools.use([SEARCH] * 6)
    assert [result.text for result in results[4:]] == ["Error: at most 4 calls at once."] * 2
    assert all(result.sources for result in results[:4])


async def test_a_tool_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "_DEADLINE_SECONDS", 0.05)
    bench = Bench(never)
    (result,) = await bench.tools.use([SEARCH])
    assert result.text == "Error: search_documents took longer than 0.05 s"
    assert bench.steps == [("search_documents", "failed", "search_documents took longer than 0.05 s")]


async def test_a_search_that_fails_is_told_as_a_failure() -> None:
    async def broken(query: str) -> Evidence:
        raise ToolFailed("the index is closed")

    bench = Bench(broken)
    (result,) = await bench.tools.use([SEARCH])
    assert result.text == "Error: the index is closed"
    assert bench.steps == [("search_documents", "failed", "the index is closed")]


async def test_who_cancels_the_answer_cancels_its_tools() -> None:
    bench = Bench(never)
    using = asyncio.create_task(bench.tools.use([SEARCH, SEARCH]))
    await until(lambda: len([event for event in bench.events if isinstance(event, TraceStart)]) == 2)
    using.cancel()
    with pytest.raises(asyncio.CancelledError):
        await using
    assert [status for _, status, _ in bench.steps] == ["cancelled", "cancelled"]
