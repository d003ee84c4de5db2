"""The audit log, for operators: who did what, when, from where, and what changed."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from backend.api.deps import LOOKING, Limit, TheActor, TheDesk, needs
from backend.auth.audit_csv import stream_csv
from backend.http.event_response import EventStream
from backend.storage.audit import AuditFilter
from frontdesk.contracts.access import AuditCheck, AuditPage, RecordedAction

router = APIRouter(prefix="/api/audit", tags=["audit"], responses=LOOKING, dependencies=[needs("operator")])


class _CsvStream(EventStream):
    """A stream of CSV, given up like every stream where its client does not read."""

    media_type = "text/csv; charset=utf-8"


_AS_CSV: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A page of entries; as CSV all of them.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}

_LATEST = 2**53
_Word = Annotated[str | None, Query(max_length=500)]


@router.get("", response_model=AuditPage, responses=_AS_CSV)
async def list_audit(
    desk: TheDesk,
    actor_here: TheActor,
    action: Annotated[
        str | None, Query(max_length=100, description="`key` is `key.make`, `key.revoke`, `key.refused`.")
    ] = None,
    actor: _Word = None,
    target: _Word = None,
    person: _Word = None,
    since: Annotated[float | None, Query(alias="from", ge=0, le=_LATEST, description="Seconds since 1970.")] = None,
    until: Annotated[float | None, Query(alias="to", ge=0, le=_LATEST, description="Up to, not including.")] = None,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Limit = 50,
    format: Literal["json", "csv"] = "json",
) -> Response | AuditPage:
    """List what was done, the newest first; `format=csv` has up to 100,000 entries at once."""
    wanted = AuditFilter(action, actor, target, person, since, until, before)
    # Entries that are counted and not stored yet belong to the log too.
    await desk.audit.try_to_flush()
    if format == "csv":
        desk.streams.check()
        await desk.audit.add(actor_here.did("audit.export", "audit", after=_named(wanted)))
        headers = {"content-disposition": 'attachment; filename="audit.csv"'}
        return _CsvStream(stream_csv(desk.stores.audit, wanted), desk.streams, headers=headers)
    found = await desk.stores.audit.entries(wanted, limit + 1)
    shown = [RecordedAction(**vars(entry)) for entry in found[:limit]]
    return AuditPage(entries=shown, before_place=shown[-1].place if len(found) > limit else None)


@router.get("/check")
async def check_audit(desk: TheDesk) -> AuditCheck:
    """Check the whole log for entries that were altered or removed with another program."""
    place = await desk.stores.audit.check_chain()
    return AuditCheck(whole=place is None, broken_at=place)


def _named(wanted: AuditFilter) -> dict[str, Any]:
    return {name: value for name, value in vars(wanted).items() if value is not None}
