"""Dependencies that several endpoints share: the desk itself, the user, and how messages are taken."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, params
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import HTTPConnection

from backend.auth.audit import Actor
from backend.auth.scopes import Scope
from backend.desk import OpenDesk
from backend.errors import KeyRefused, NotReady, RateLimited
from backend.runs.queue import WhenBusy
from backend.users import DeskUser
from frontdesk.contracts.base import ErrorBody

SessionId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]
OnDisconnect = Literal["continue", "cancel"]
Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=2**31)]
Search = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]


# Dependencies are `async`: plain functions would be run in a thread for each request.
async def the_desk(connection: HTTPConnection) -> OpenDesk:
    """Return the open desk, or raise `NotReady`."""
    desk = getattr(connection.app.state, "desk", None)
    if not isinstance(desk, OpenDesk):
        raise NotReady("the desk is being opened; ask again in a moment")
    return desk


TheDesk = Annotated[OpenDesk, Depends(the_desk)]


async def the_user(connection: HTTPConnection, desk: TheDesk) -> DeskUser:
    """Return the user by the key of the request, or raise `KeyRefused`. What the key is for is checked by `needs`."""
    user = desk.users.of_headers(connection.headers, address_of(connection))
    # Long streams check the key again now and then.
    connection.state.check_key = partial(desk.users.check, user)
    return user


TheUser = Annotated[DeskUser, Depends(the_user)]


@dataclass(frozen=True)
class Needs:
    """A dependency that lets a route be used with keys of one of these scopes."""

    any_of: tuple[Scope, ...]

    async def __call__(self, user: TheUser) -> DeskUser:
        """Return the user, or raise `ScopeMissing`."""
        user.check_scopes(*self.any_of)
        return user


def needs(*any_of: Scope) -> params.Depends:
    """Make a router or a route require a key with one of these scopes."""
    dependency: params.Depends = Depends(Needs(any_of))
    return dependency


Operator = Annotated[DeskUser, needs("operator")]


async def an_onlooker(connection: HTTPConnection, desk: TheDesk) -> DeskUser | None:
    """Return the user where requests without a good key are answered too: for those, None."""
    try:
        return desk.users.of_headers(connection.headers, address_of(connection))
    except (KeyRefused, RateLimited):
        # Probes must not fail because wrong keys come from their address.
        return None


Onlooker = Annotated[DeskUser | None, Depends(an_onlooker)]


async def may_search(desk: TheDesk, user: TheUser) -> None:
    """Apply the rate limit of lists and searches."""
    await desk.runs.admission.check_rate(user.id, "searches")


async def may_upload(desk: TheDesk, user: TheUser) -> None:
    """Apply the rate limit of uploads, except to operators, who bring in documents by the thousand."""
    if not user.operator:
        await desk.runs.admission.check_rate(user.id, "uploads")


SEARCHING, UPLOADING = [Depends(may_search)], [Depends(may_upload)]
"""Dependencies of endpoints that list or search, and of those that take documents."""


async def the_actor(connection: HTTPConnection, user: TheUser) -> Actor:
    """Return the user and the address of the request, for the audit log."""
    return Actor(user.id, address_of(connection), user.key_id)


TheActor = Annotated[Actor, Depends(the_actor)]


def address_of(connection: HTTPConnection) -> str | None:
    """Return the client's address; behind a proxy on this machine, the one that the proxy names."""
    return connection.client.host if connection.client else None


class StrictBody(BaseModel):
    """A request body of the desk's own API, which refuses unknown fields.

    Endpoints that follow other people's protocols (the gateway, `/api/llm`) ignore them.
    """

    model_config = ConfigDict(strict=True, extra="forbid")


class Manner(BaseModel):
    """How a message is taken: if its conversation is still answering, and if the client leaves before the end."""

    model_config = ConfigDict(strict=True)

    when_busy: WhenBusy = "reject"
    on_disconnect: OnDisconnect = "continue"


def fails(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of these statuses, each in the one shape of errors."""
    return {status: {"description": _FAILURES[status], "model": ErrorBody} for status in statuses}


_FAILURES = {
    400: "The body is not JSON.",
    401: "No key, or none that is known and still good.",
    402: "The budget of the day is spent.",
    403: "Not for this user or this key, or not from this page.",
    404: "There is none of that id that is this user's.",
    409: "Not in this state.",
    413: "Too large.",
    422: "Something in the request cannot be used.",
    429: "Too often or too much at once; see Retry-After.",
    503: "Not now; the message says why.",
    504: "No answer in time.",
    507: "The disk is full.",
}
ANYWHERE = fails(403, 429, 503)
"""Failures of every endpoint."""
ASKING = fails(400, 401, 402, 404, 409, 413, 422, 429, 504)
"""Failures of endpoints that take a question."""
LOOKING = fails(401, 404, 422)
"""Failures of endpoints that read."""
TELLING = fails(400, 413)
"""Further failures of endpoints that take a body."""
