"""The activity of the desk: runs, tokens, cost, times, fallbacks and ratings, by day and by agent."""

import time
from typing import Annotated

from fastapi import APIRouter, Query

from backend.api.deps import LOOKING, SEARCHING, Limit, Offset, TheDesk, TheUser, needs
from backend.storage.activity import DAY_SECONDS
from frontdesk.contracts.reports import ActivityReport, AgentFigures, DayFigures, Figures, LatestRun, Share

router = APIRouter(prefix="/api", tags=["activity"], responses=LOOKING, dependencies=[needs("chat")])


@router.get("/activity", dependencies=SEARCHING)
async def get_activity(
    desk: TheDesk,
    user: TheUser,
    days: Annotated[int, Query(ge=1, le=92)] = 30,
    limit: Limit = 50,
    offset: Offset = 0,
) -> ActivityReport:
    """Sum up your own runs of the last `days`, or for an operator everybody's."""
    whose, now = None if user.operator else user.id, time.time()
    since = (now // DAY_SECONDS - days + 1) * DAY_SECONDS
    summary = await desk.stores.activity.read_summary(whose, days, now)
    total, runs = await desk.stores.activity.latest_runs(whose, since, limit, offset)
    return ActivityReport(
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
