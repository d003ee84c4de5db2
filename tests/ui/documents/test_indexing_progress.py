"""What long work says at its end."""

from collections.abc import AsyncGenerator

from frontdesk.contracts.events import Event, Token
from tests.frontdesk.contracts.test_events import EXAMPLES
from ui.documents.indexing_progress import IndexingReport, follow_indexing


async def ending(*events: Event) -> tuple[IndexingReport, list[float]]:
    told: list[float] = []

    async def run() -> AsyncGenerator[Event, None]:
        for event in events:
            yield event

    async def tell(done: float) -> None:
        told.append(done)

    return await follow_indexing(run(), tell), told


def said(text: str) -> Token:
    return Token(content=text, agent="documents")


async def test_how_far_it_is_and_what_could_not_be_brought_in() -> None:
    text = "2 added, 1 failed.\n- more.zip/bad.pdf: it is damaged\n- more.zip/x: not a known format"
    report, told = await ending(EXAMPLES["trace_update"], said(text), EXAMPLES["done"])
    assert told == [0.3]
    assert report == IndexingReport(
        "2 added, 1 failed.", lines=["more.zip/bad.pdf: it is damaged", "more.zip/x: not a known format"]
    )


async def test_a_long_report_is_cut_short() -> None:
    report, _ = await ending(said("102 failed.\n" + "- a: b\n" * 102), EXAMPLES["done"])
    assert report.lines == ["a: b"] * 100 + ["... and 2 more"]


async def test_work_that_was_stopped_or_failed_says_so() -> None:
    stopped, _ = await ending(said("half"), EXAMPLES["cancelled"])
    assert stopped == IndexingReport("Stopped; what was done until then stays.")
    failed, _ = await ending(EXAMPLES["error"])
    assert failed == IndexingReport("no answer", failed=True)
