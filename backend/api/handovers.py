"""Hand-overs to a person, and questions that no document answered."""

import sqlite3
import time
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AfterValidator, ConfigDict, Field

from backend.api.deps import (
    LOOKING,
    SEARCHING,
    TELLING,
    Limit,
    Offset,
    Operator,
    StrictBody,
    TheActor,
    TheDesk,
    TheUser,
    fails,
    needs,
)
from backend.api.threads import known
from backend.desk import OpenDesk
from backend.errors import HandoverUnknown
from backend.storage import handovers
from backend.storage.handovers import HandoverRequest
from backend.storage.sql.audit import record_entry
from backend.users import DeskUser
from frontdesk.contracts.reports import Handover, HandoverPage, HandoverWhole, Unanswered, UnansweredPage
from knowledge.text.characters import checked_line, cleaned

router = APIRouter(prefix="/api", tags=["hand-overs"], responses=LOOKING, dependencies=[needs("chat")])

_DAY_SECONDS = 86_400


class Request(StrictBody):
    """A request for a person: how to reach the user, and what it is about."""

    model_config = ConfigDict(
        str_strip_whitespace=True,
        json_schema_extra={"examples": [{"contact": "ada@example.org", "message": "I was charged twice."}]},
    )

    thread_id: str | None = Field(default=None, max_length=128)
    contact: Annotated[str, AfterValidator(checked_line)] = Field(min_length=1, max_length=200)
    message: Annotated[str, AfterValidator(cleaned)] = Field(default="", max_length=4_000)


class Resolution(StrictBody):
    """A note on what a person has done about a hand-over."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "Refunded by hand."}]})

    note: Annotated[str, AfterValidator(cleaned)] = Field(default="", max_length=4_000)


@router.get("/handovers", dependencies=SEARCHING)
async def list_handovers(
    desk: TheDesk, user: TheUser, resolved: bool | None = False, limit: Limit = 50, offset: Offset = 0
) -> HandoverPage:
    """List hand-overs still waiting, or with `resolved` those seen to: your own, or for an operator everybody's."""
    whose = None if user.operator else user.id
    total, rows = await desk.database.read(lambda db: handovers.listing(db, whose, resolved, limit, offset))
    return HandoverPage(total=total, limit=limit, offset=offset, handovers=[Handover(**row) for row in rows])


@router.post("/handovers", status_code=201, responses={**TELLING, **fails(429)})
async def ask_for_person(request: Request, desk: TheDesk, user: TheUser) -> Handover:
    """Ask for a person, in a conversation or outside of any. An offer made by an answer there is taken up."""
    await desk.runs.admission.check_rate(user.id)
    if request.thread_id is not None:
        await known(desk, user.id, request.thread_id)
    desk.runs.lanes.check_user(user.id)
    wish = HandoverRequest(user.id, request.thread_id, request.contact, request.message)
    handover_id = await desk.database.write(lambda db: handovers.ask(db, wish))
    return Handover(**await _known(desk, user, handover_id))


@router.get("/handovers/{handover_id}")
async def get_handover(handover_id: str, desk: TheDesk, user: TheUser, actor: TheActor) -> HandoverWhole:
    """Return a hand-over, with the conversation that led to it, if one did.

    An operator reads another user's conversation only where that user has asked for a person or left a contact, and
    only up to the resolution. The reading is recorded in the audit log.
    """
    row = await _known(desk, user, handover_id)
    transcript = await desk.database.read(lambda db: handovers.transcript(db, row, user.id), long=True)
    if row["user_id"] != user.id and transcript is not None:
        # Recorded before it is shown: what cannot be recorded is not read.
        whose = {"user": row["user_id"], "conversation": row["thread_id"]}
        await desk.audit.add(actor.did("transcript.read", handover_id, None, whose, person=row["user_id"]))
    return HandoverWhole(**row, transcript=transcript or [], withheld=transcript is None)


@router.post("/handovers/{handover_id}/resolve", responses=TELLING)
async def resolve_handover(
    handover_id: str, resolution: Resolution, desk: TheDesk, user: Operator, actor: TheActor
) -> Handover:
    """Mark a hand-over as resolved by a person. The first to do so stays named."""
    row = await _known(desk, user, handover_id)

    def resolve(db: sqlite3.Connection) -> None:
        if handovers.resolve(db, handover_id, user.id, resolution.note):
            whose = {"user": row["user_id"], "conversation": row["thread_id"]}
            after = {"resolved": True, **whose}
            entry = actor.did("handover.resolve", handover_id, {"resolved": False}, after, person=row["user_id"])
            record_entry(db, entry)

    await desk.database.write(resolve)
    return Handover(**await _known(desk, user, handover_id))


@router.get("/unanswered", dependencies=SEARCHING)
async def list_unanswered(
    desk: TheDesk,
    user: Operator,
    days: Annotated[int, Query(ge=1, le=3_650)] = 30,
    limit: Limit = 50,
) -> UnansweredPage:
    """List the questions that no document answered, the most frequent first: what to write next."""
    since = time.time() - days * _DAY_SECONDS
    rows = await desk.database.read(lambda db: handovers.unanswered(db, since, limit), long=True)
    return UnansweredPage(days=days, questions=[Unanswered(**row) for row in rows])


async def _known(desk: OpenDesk, user: DeskUser, handover_id: str) -> dict[str, Any]:
    row = await desk.database.read(lambda db: handovers.get(db, handover_id))
    if row is None or not (user.operator or row["user_id"] == user.id):
        raise HandoverUnknown(f"there is no hand-over {handover_id}")
    return row
