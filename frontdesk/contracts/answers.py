"""Complete answers: the reply where nothing is streamed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from frontdesk.contracts.base import ALWAYS_SENT, Shape
from frontdesk.contracts.events import Highlight, Source, Spent, Support, Usage


class RelatedSection(Shape):
    """Another section that may answer the question; `id` is that of the source."""

    id: int
    title: str
    section: str = ""
    uri: str
    document_id: str


def related_sections(ids: Sequence[int], sources: Iterable[Mapping[str, Any]]) -> list[RelatedSection]:
    """Describe the sources with these ids, in the order of the ids."""
    by_id = {source["id"]: source for source in sources}
    return [RelatedSection.model_validate(by_id[source_id]) for source_id in ids if source_id in by_id]


class FinishedRun(Shape):
    """The outcome of a completed run."""

    session_id: str
    thread_id: str
    agents: list[str]
    sources: list[Source]
    usage: Usage
    cost_usd: float
    supervisor: Spent
    workers: Spent
    reduced: bool
    quoted: bool = False
    cached: Annotated[bool, ALWAYS_SENT] = False
    support: Support | None = None
    see_also: list[RelatedSection] = Field(default=[])
    highlights: list[Highlight] = Field(default=[])
    time: float
    finish_reason: str


class Answer(FinishedRun):
    """A complete answer."""

    answer: str
    run_id: str
