"""The store of activity figures: sums of the runs that have ended, and the latest runs."""

from dataclasses import dataclass
from typing import Protocol

DAY_SECONDS = 86_400


@dataclass(frozen=True)
class RunFigures:
    """Sums over some runs. Times are seconds, of half or of 95 % of the runs; None where there was none."""

    runs: int
    completed: int
    failed: int
    cancelled: int
    declined: int
    hedged: int
    tokens: int
    cost_usd: float
    fallbacks: int
    reduced: int
    up: int
    down: int
    first_token_p50: float | None
    first_token_p95: float | None
    time_p50: float | None
    cached: int


@dataclass(frozen=True)
class AgentShare:
    """An agent's part of a day."""

    agent: str
    runs: int
    tokens: int
    cost_usd: float


@dataclass(frozen=True)
class DaySummary:
    """The figures of a day, written as in ISO 8601, and each agent's part of it."""

    day: str
    agents: list[AgentShare]
    figures: RunFigures


@dataclass(frozen=True)
class ActivitySummary:
    """The figures by day up to today, by agent in the order of their names, and in total."""

    days: list[DaySummary]
    agents: dict[str, RunFigures]
    totals: RunFigures


@dataclass(frozen=True)
class RecentRun:
    """A run, perhaps under way. `session_id` is that of its conversation, unless that is deleted or there is none."""

    id: str
    thread_id: str
    user_id: str
    question: str
    status: str
    finish_reason: str | None
    created_at: float
    time: float | None
    tokens: int
    cost_usd: float
    agents: list[str]
    session_id: str | None
    agent_id: str


class ActivityStore(Protocol):
    """A store of figures. Those of a run are stored with its end, so that sums need neither its steps nor its log."""

    async def read_summary(self, user_id: str | None, days: int, now: float) -> ActivitySummary:
        """Sum up one user's runs of the last days, or everybody's."""
        ...

    async def latest_runs(
        self, user_id: str | None, since: float, limit: int, offset: int
    ) -> tuple[int, list[RecentRun]]:
        """Count the runs asked since then, also those under way, and return a page of them, the latest first."""
        ...
