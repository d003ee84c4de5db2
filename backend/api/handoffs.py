"""Hand-overs to a person, and questions that no document answered."""

import time
from typing import Annotated

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
from backend.errors import HandoffUnknown
from backend.storage.handoffs import HandoffRequest, StoredHandoff
from backend.users import DeskUser
from frontdesk.contracts.reports import HandoffInfo, HandoffPage, HandoffWhole, Unanswered, UnansweredPage
from frontdesk.contracts.resources import Message
from knowledge.text.characters import checked_line, cleaned

router = APIRouter(prefix="/api", tags=["hand-overs"], responses=LOOKING, dependencies=[needs("chat")])

_DAY_SECONDS = 86_400


class Request(StrictBody):
    """A request for a person: how to reach the user, and what it is about."""

    model_config = ConfigDict(
        str_strip_whitespace=True,
        json_schema_extra={"examples": [{"contact": "ada@example.org", "message": "I was charged twice."}]},
    )

    thread_id: Annotated[str, AfterValidator(checked_line)] | None = Field(default=None, max_length=128)
    contact: Annotated[str, AfterValidator(checked_line)] = Field(min_length=1, max_length=200)
    message: Annotated[str, AfterValidator(cleaned)] = Field(default="", max_length=4_000)


class Resolution(StrictBody):
    """A note on what a person has done about a hand-over."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "Refunded by hand."}]})

    note: Annotated[str, AfterValidator(cleaned)] = Field(default="", max_length=4_000)


@router.get("/handovers", dependencies=SEARCHING)
async def list_handovers(
    desk: TheDesk, user: TheUser, resolved: bool | None = False, limit: Limit = 50, offset: Offset = 0
) -> HandoffPage:
    """List hand-overs still waiting, or with `resolved` those seen to: your own, or for an operator everybody's."""
    whose = None if user.operator else user.id
    total, found = await desk.stores.handoffs.list_handoffs(whose, resolved, limit, offset)
    shown = [HandoffInfo(**vars(one)) for one in found]
    return HandoffPage(total=total, limit=limit, offset=offset, handovers=shown)


@router.post("/handovers", status_code=201, responses={**TELLING, **fails(429)})
async def ask_for_person(request: Request, desk: TheDesk, user: TheUser) -> HandoffInfo:
    """Ask for a person, in a conversation or outside of any. An offer made by an answer there is taken up."""
    await desk.runs.admission.check_rate(user.id)
    if request.thread_id is not None:
        await known(desk, user.id, request.thread_id)
    desk.runs.lanes.check_user(user.id)
    wish = HandoffRequest(user.id, request.thread_id, request.contact, request.message)
    handover_id = await desk.stores.handoffs.request_person(wish)
    return HandoffInfo(**vars(await _known(desk, user, handover_id)))


@router.get("/handovers/{handover_id}")
async def get_handover(handover_id: str, desk: TheDesk, user: TheUser, actor: TheActor) -> HandoffWhole:
    """Return a hand-over, with the conversation that led to it, if one did.

    An operator reads another user's conversation only where that user has asked for a person or left a contact, and
    only up to the resolution. The reading is recorded in the audit log.
    """
    handoff = await _known(desk, user, handover_id)
    transcript = await desk.stores.handoffs.read_transcript(handoff, user.id)
    if handoff.user_id != user.id and transcript is not None:
        # Recorded before it is shown: what cannot be recorded is not read.
        whose = {"user": handoff.user_id, "conversation": handoff.thread_id}
        await desk.audit.add(actor.did("transcript.read", handover_id, None, whose, person=handoff.user_id))
    shown = [Message(**message.as_fields()) for message in transcript or []]
    return HandoffWhole(**vars(handoff), transcript=shown, withheld=transcript is None)


@router.post("/handovers/{handover_id}/resolve", responses=TELLING)
async def resolve_handover(
    handover_id: str, resolution: Resolution, desk: TheDesk, user: Operator, actor: TheActor
) -> HandoffInfo:
    """Mark a hand-over as resolved by a person. The first to do so stays named."""
    handoff = await _known(desk, user, handover_id)
    after = {"resolved": True, "user": handoff.user_id, "conversation": handoff.thread_id}
    entry = actor.did("handover.resolve", handover_id, {"resolved": False}, after, person=handoff.user_id)
    await desk.stores.handoffs.resolve(handover_id, user.id, resolution.note, entry)
    return HandoffInfo(**vars(await _known(desk, user, handover_id)))


@router.get("/unanswered", dependencies=SEARCHING)
async def list_unanswered(
    desk: TheDesk,
    user: Operator,
    days: Annotated[int, Query(ge=1, le=3_650)] = 30,
    limit: Limit = 50,
) -> UnansweredPage:
    """List the questions that no document answered, the most frequent first: what to write next."""
    since = time.time() - days * _DAY_SECONDS
    found = await desk.stores.handoffs.unanswered(since, limit)
    return UnansweredPage(days=days, questions=[Unanswered(**vars(one)) for one in found])


async def _known(desk: OpenDesk, user: DeskUser, handover_id: str) -> StoredHandoff:
    handoff = await desk.stores.handoffs.get(handover_id)
    if handoff is None or not (user.operator or handoff.user_id == user.id):
        raise HandoffUnknown(f"there is no hand-over {handover_id}")
    return handoff
