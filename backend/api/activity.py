"""The activity of the desk: runs, tokens, cost, times, fallbacks and ratings, by day and by agent."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Query

from backend.api.deps import LOOKING, SEARCHING, Limit, Offset, TheDesk, TheUser, needs
from backend.storage import activity
from frontdesk.contracts.reports import ActivityReport

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
    since = (now // activity.DAY_SECONDS - days + 1) * activity.DAY_SECONDS
    told: dict[str, Any] = await desk.database.read(lambda db: activity.summary(db, whose, days, now), long=True)
    total, runs = await desk.database.read(lambda db: activity.latest(db, whose, since, limit, offset), long=True)
    return ActivityReport.model_validate({**told, "total": total, "limit": limit, "offset": offset, "runs": runs})
