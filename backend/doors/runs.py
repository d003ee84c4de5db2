"""Runs after the fact or from elsewhere: look at one, and follow it from any event on."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from backend import sse, storage
from backend.doors.common import TheDesk

# More events than any run has.
_LAST = 2**53

router = APIRouter(prefix="/runs", tags=["runs"])


@router.get("/{run_id}")
async def get_run(run_id: str, desk: TheDesk) -> dict[str, Any]:
    """A run with its answer, its steps, and what they took: so far, if it is still under way."""
    run = await desk.runs.get(run_id)
    answer = await desk.database.read(lambda db: storage.answer_of(db, run_id))
    steps = await desk.database.read(lambda db: storage.steps_of(db, run_id))
    supervisor, workers = storage.spent_by(steps)
    both = supervisor + workers
    spent = {"usage": both.usage, "cost_usd": both.cost_usd, "supervisor": supervisor, "workers": workers}
    return {**vars(run), "answer": answer, **spent, "steps": steps}


@router.get("/{run_id}/stream")
async def follow_run(
    run_id: str,
    desk: TheDesk,
    after: Annotated[int | None, Query(ge=-1, le=_LAST)] = None,
    last_event_id: Annotated[int | None, Header(ge=-1, le=_LAST)] = None,
) -> Response:
    """The run's events after a number, or all of them: those stored, then those still to come."""
    run = await desk.runs.get(run_id)
    position = next((number for number in (after, last_event_id) if number is not None), -1)
    return sse.stream(desk.runs.follow(run.id, position, desk.settings.heartbeat_seconds))
