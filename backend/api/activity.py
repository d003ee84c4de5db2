"""The activity of the desk: runs, tokens, cost, times, fallbacks and ratings, by day and by agent."""

import time
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from backend.api.deps import LOOKING, SEARCHING, Limit, Offset, Page, TheDesk, TheUser, needs
from backend.storage.activity import DAY_SECONDS

router = APIRouter(prefix="/api", tags=["activity"], responses=LOOKING, dependencies=[needs("chat")])


class Figures(BaseModel):
    """Runs that have ended. `fallbacks` were answered by another model than was counted on, `reduced` ones by quoting.

    Times are seconds, of half or of 95 % of the runs; null where there was none.
    """

    runs: int
    completed: int
    failed: int
    cancelled: int
    declined: int
    tokens: int
    cost_usd: float
    fallbacks: int
    reduced: int
    up: int
    down: int
    first_token_p50: float | None
    first_token_p95: float | None
    time_p50: float | None


class Share(BaseModel):
    """An agent's part of a day."""

    agent: str
    runs: int
    tokens: int
    cost_usd: float


class DayFigures(Figures):
    """A day of UTC. A run of several agents is one here and one for each of them in `agents`."""

    day: str
    agents: list[Share]


class AgentFigures(Figures):
    """The runs that an agent had a part in, with what its own part took."""

    agent: str


class LatestRun(BaseModel):
    """A run, perhaps under way. `session_id` is that of its conversation, unless that is deleted or there is none.

    `agent_id` is the agent of its conversation, `agents` are those who had a part in the run.
    """

    id: str
    thread_id: str
    session_id: str | None
    agent_id: str
    user_id: str
    question: str
    agents: list[str]
    status: str
    finish_reason: str | None
    tokens: int
    cost_usd: float
    time: float | None
    created_at: float


class Activity(Page):
    """Figures for every day up to today, for every agent that had a part, and in total; a page of the latest runs."""

    days: list[DayFigures]
    agents: list[AgentFigures]
    totals: Figures
    runs: list[LatestRun]


@router.get("/activity", dependencies=SEARCHING)
async def get_activity(
    desk: TheDesk,
    user: TheUser,
    days: Annotated[int, Query(ge=1, le=92)] = 30,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Activity:
    """Sum up your own runs of the last `days`, or for an operator everybody's."""
    whose, now = None if user.operator else user.id, time.time()
    since = (now // DAY_SECONDS - days + 1) * DAY_SECONDS
    summary = await desk.stores.activity.read_summary(whose, days, now)
    total, runs = await desk.stores.activity.latest_runs(whose, since, limit, offset)
    return Activity(
        total=total,
        limit=limit,
        offset=offset,
        days=[
            DayFigures(day=day.day, agents=[Share(**vars(share)) for share in day.agents], **vars(day.figures))
            for day in summary.days
        ],
        agents=[AgentFigures(agent=agent, **vars(figures)) for agent, figures in summary.agents.items()],
        totals=Figures(**vars(summary.totals)),
        runs=[LatestRun(**vars(run)) for run in runs],
    )
