"""Complete answers: the reply where nothing is streamed."""

from typing import Annotated

from frontdesk.contracts.base import ALWAYS_SENT, Shape
from frontdesk.contracts.events import Source, Spent, Support, Usage


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
    cached: Annotated[bool, ALWAYS_SENT] = False
    support: Support | None = None
    time: float
    finish_reason: str


class Answer(FinishedRun):
    """A complete answer."""

    answer: str
    run_id: str
