"""The progress and the report of indexing runs."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from frontdesk import AsyncDesk
from frontdesk.client.answer import RunTranscript
from frontdesk.contracts.events import Event, TraceUpdate
from frontdesk.contracts.resources import UNDER_WAY, Message

# The agent id of the conversations that hold indexing runs.
_INDEXING = "documents"
_LINES = 100


@dataclass
class IndexingReport:
    """A summary, and a line for each file that could not be ingested."""

    summary: str
    failed: bool = False
    lines: list[str] = field(default_factory=list)


async def follow_indexing(
    events: AsyncGenerator[Event, None], report_progress: Callable[[float], Awaitable[None]]
) -> IndexingReport:
    """Follow a run and report its progress, from 0 to 1; return its report."""
    transcript = RunTranscript()
    async with aclosing(events):
        async for event in events:
            transcript.apply(event)
            if isinstance(event, TraceUpdate) and event.progress is not None:
                await report_progress(event.progress)
    return indexing_report(transcript)


def indexing_report(transcript: RunTranscript) -> IndexingReport:
    """Split the final text of an indexing run into a report."""
    if transcript.error:
        return IndexingReport(transcript.error.message, failed=True)
    if transcript.status == "cancelled":
        return IndexingReport("Stopped; what was done until then stays.")
    summary, *lines = transcript.text.splitlines() or [""]
    shown = [line.removeprefix("- ") for line in lines[:_LINES]]
    more = [f"... and {len(lines) - _LINES:,} more"] if len(lines) > _LINES else []
    return IndexingReport(summary[:1].upper() + summary[1:], lines=[*shown, *more])


async def find_running(desk: AsyncDesk) -> Message | None:
    """Find the indexing request in progress, whichever page or program made it."""
    found = (await desk.threads(agent=_INDEXING, limit=1)).threads
    if not found:
        return None
    history = (await desk.thread(found[0].id, offset=max(0, found[0].messages - 2))).history
    return next((turn for turn in history if turn.role == "user" and turn.status in UNDER_WAY), None)
