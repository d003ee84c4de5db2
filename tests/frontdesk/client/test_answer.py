"""What a run has said, from its events."""

from frontdesk.client.answer import RunTranscript
from frontdesk.contracts.events import Event, Reset, Route, Sources, Start, Token
from tests.frontdesk.contracts.test_events import EXAMPLES

SOURCE = EXAMPLES["sources"].sources[0]  # type: ignore[union-attr]


def after(*events: Event) -> RunTranscript:
    transcript = RunTranscript()
    for event in events:
        transcript.apply(event)
    return transcript


def test_the_text_is_what_came_since_the_last_reset() -> None:
    said: list[Event] = [
        Token(content="wrong ", agent="a"),
        Reset(reason="broke off"),
        Token(content="right", agent="a"),
    ]
    assert after(*said[:1]).text == "wrong "
    assert after(*said).text == "right"


def test_the_newest_evidence_of_each_agent_counts() -> None:
    first, second, third = (SOURCE.model_copy(update={"id": number}) for number in (1, 2, 3))
    found = after(
        Sources(agent="a", sources=[second]), Sources(agent="b", sources=[third]), Sources(agent="a", sources=[first])
    )
    assert found.sources == [first, third]


def test_it_knows_its_run_its_agents_and_how_it_stands() -> None:
    start = Start(run_id="r", thread_id="t", session_id="s", generation_id="r")
    route = Route(agents=["a", "b"], reason="near", confidence=1, router="x", model="y")
    known = after(start, route, EXAMPLES["handoff"])
    assert (known.run_id, known.thread_id, known.session_id, known.agents) == ("r", "t", "s", ["a", "b"])
    assert (RunTranscript().status, known.status, known.handoff) == ("queued", "in_progress", EXAMPLES["handoff"])


def test_it_knows_the_sources_that_may_answer_too() -> None:
    first, second = (SOURCE.model_copy(update={"id": number}) for number in (1, 2))
    found: list[Event] = [Sources(agent="a", sources=[first, second]), EXAMPLES["done"]]
    assert (after(*found).see_also, after(found[0]).see_also) == ([second], [])


def test_an_error_is_an_end_and_never_text() -> None:
    failed, done = after(EXAMPLES["token"], EXAMPLES["error"]), after(EXAMPLES["done"])
    assert (failed.status, failed.error, failed.text) == ("failed", EXAMPLES["error"], after(EXAMPLES["token"]).text)
    assert (done.status, done.error, after(EXAMPLES["cancelled"]).status) == ("completed", None, "cancelled")
