"""Runs: read one, follow it from any event on, stop it, rate its answer."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.responses import Response

from backend.api.deps import LOOKING, TELLING, StrictBody, TheDesk, TheUser, fails, needs
from backend.api.openapi import EVENT_STREAM
from backend.desk import OpenDesk
from backend.encoders.desk_events import DeskEventEncoder
from backend.http.event_response import EventStream
from backend.runs.indexing_job import INDEXING
from backend.storage.runs import RunDetails, StoredRun, see_also_in, spent_by
from backend.users import DeskUser
from frontdesk.contracts.resources import RunWhole
from knowledge.text.characters import cleaned

# More events than any run has.
_LAST = 2**53

router = APIRouter(prefix="/runs", tags=["runs"], responses=LOOKING, dependencies=[needs("chat", "documents")])


class Stopped(BaseModel):
    """The status of a run when it was stopped; its last event tells how it ended."""

    run_id: str
    status: str


class RatingBody(StrictBody):
    """Thumbs up or down, and why."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"rating": "down", "comment": "The limit is 200 MB now."}]}
    )

    rating: Literal["up", "down"]
    comment: Annotated[str, AfterValidator(cleaned)] = Field(default="", max_length=4_000)


class Rated(RatingBody):
    """The current rating of an answer."""

    model_config = ConfigDict(extra="ignore")

    run_id: str


@router.get("/{run_id}")
async def get_run(run_id: str, desk: TheDesk, user: TheUser) -> RunWhole:
    """Return a run with its answer, steps, cost and rating: so far, if it is still under way."""
    run = await _known(desk, user, run_id)
    stored = await desk.stores.runs.read_details(run.id)
    supervisor, workers = spent_by(stored.steps)
    both = supervisor + workers
    spent = {"usage": both.usage, "cost_usd": both.cost_usd, "supervisor": supervisor, "workers": workers}
    return RunWhole.model_validate({**vars(run), **_details_as_fields(stored), **spent})


@router.get("/{run_id}/stream", response_class=Response, responses={**EVENT_STREAM, **fails(429)})
async def follow_run(
    run_id: str,
    desk: TheDesk,
    user: TheUser,
    after: Annotated[int | None, Query(ge=-1, le=_LAST)] = None,
    last_event_id: Annotated[int | None, Header(ge=-1, le=_LAST)] = None,
) -> Response:
    """Stream the run's events after a number, or all of them: those stored, then those still to come."""
    desk.streams.check()
    run = await _known(desk, user, run_id)
    position = next((number for number in (after, last_event_id) if number is not None), -1)
    return EventStream(DeskEventEncoder(run).stream(desk.runs.follow(run.id, position)), desk.streams)


@router.post("/{run_id}/cancel")
async def cancel_run(run_id: str, desk: TheDesk, user: TheUser) -> Stopped:
    """Stop a run, from any client; a second time, or after its end, nothing more happens."""
    return await stop(desk, user, run_id)


@router.post("/{run_id}/feedback", responses=TELLING)
async def rate_run(run_id: str, feedback: RatingBody, desk: TheDesk, user: TheUser) -> Rated:
    """Rate the answer as good or bad; a later rating replaces an earlier one."""
    run = await _known(desk, user, run_id)
    await desk.stores.handoffs.rate_answer(run.id, feedback.rating, feedback.comment)
    return Rated(run_id=run.id, **feedback.model_dump())


async def stop(desk: OpenDesk, user: DeskUser, run_id: str) -> Stopped:
    """Stop a run of that user, be it called a run or a generation."""
    await _known(desk, user, run_id)
    run = await desk.runs.cancel(run_id, user.id, "cancelled by the user")
    return Stopped(run_id=run.id, status="cancelling" if run.is_open else run.status)


def _details_as_fields(stored: RunDetails) -> dict[str, Any]:
    return {
        "answer": stored.answer,
        "support": stored.data.get("support"),
        "see_also": see_also_in(stored.data),
        "highlights": stored.data.get("highlights", []),
        "feedback": stored.feedback and vars(stored.feedback),
        "steps": [vars(step) for step in stored.steps],
    }


async def _known(desk: OpenDesk, user: DeskUser, run_id: str) -> StoredRun:
    """Return a run of that user, if their key is for work of its kind."""
    run = await desk.runs.get(run_id, user.id)
    user.check_scopes("documents" if run.agent_id == INDEXING else "chat")
    return run
