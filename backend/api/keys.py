"""API keys made, listed and revoked while the desk serves."""

import time
from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import AfterValidator, ConfigDict, Field, model_validator

from backend.api.deps import LOOKING, TELLING, Limit, Offset, StrictBody, TheActor, TheDesk, fails, needs
from backend.auth.key_registry import KeyRequest
from backend.auth.scopes import Scope
from backend.storage.keys import StoredKey
from backend.users import USER_NAME
from frontdesk.contracts.access import KeyInfo, KeyPage, MadeKey
from knowledge.text.characters import checked_line

router = APIRouter(prefix="/api/keys", tags=["keys"], responses=LOOKING, dependencies=[needs("operator")])

_LONGEST_SECONDS = 10 * 366 * 86_400


class NewKey(StrictBody):
    """The user, scopes and lifetime of a new key: `expires_in` seconds, until `expires_at`, or without an end."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"user": "prometheus", "scopes": ["metrics"], "label": "scraper", "expires_in": 31_536_000}]
        },
    )

    user: str = Field(pattern=USER_NAME)
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=4)]
    label: Annotated[str, AfterValidator(checked_line)] = Field(default="", max_length=100)
    expires_in: int | None = Field(default=None, ge=1, le=_LONGEST_SECONDS, description="Seconds from now.")
    expires_at: float | None = Field(default=None, description="Seconds since 1970.")

    @model_validator(mode="after")
    def _ends_once_and_later(self) -> Self:
        if self.expires_in is not None and self.expires_at is not None:
            raise ValueError("expires_in and expires_at: give one of them")
        if self.expires_at is not None and not 0 < self.expires_at - time.time() <= _LONGEST_SECONDS:
            raise ValueError("expires_at must be in the future, by ten years at most")
        return self

    def end(self, now: float) -> float | None:
        """Return when the key expires, by the clock that it is checked with."""
        return self.expires_at if self.expires_in is None else now + self.expires_in


@router.get("")
async def list_keys(desk: TheDesk, limit: Limit = 50, offset: Offset = 0) -> KeyPage:
    """List every key, also those that were revoked or have expired; no secrets."""
    keys, uses = await desk.keys.every(), await desk.keys.last_uses()
    shown = [_shown(key, uses.get(key.id), desk.clock.now()) for key in keys[offset : offset + limit]]
    return KeyPage(total=len(keys), limit=limit, offset=offset, keys=shown)


@router.post("", status_code=201, responses={**TELLING, **fails(409)})
async def make_key(wanted: NewKey, desk: TheDesk, actor: TheActor) -> MadeKey:
    """Make a key. The reply is the only place where its secret is ever shown.

    A key with the scope `operator` may do everything.
    """
    now = desk.clock.now()
    secret, key = await desk.keys.make(
        KeyRequest(wanted.user, frozenset(wanted.scopes), wanted.label, wanted.end(now)), actor
    )
    return MadeKey(**_shown(key, None, now).model_dump(), key=secret)


@router.delete("/{key_id}", responses=fails(409))
async def revoke_key(key_id: str, desk: TheDesk, actor: TheActor) -> KeyInfo:
    """Revoke a key. Streams that are open for it end with the next event or heartbeat."""
    key = await desk.keys.revoke(key_id, actor)
    return _shown(key, (await desk.keys.last_uses()).get(key.id), desk.clock.now())


def _shown(key: StoredKey, used_at: float | None, now: float) -> KeyInfo:
    expired = key.expires_at is not None and key.expires_at <= now
    return KeyInfo(
        id=key.id,
        origin="desk" if key.created_at else "settings",
        user=key.user_id,
        label=key.label,
        scopes=sorted(key.scopes),
        state="revoked" if key.revoked_at else "expired" if expired else "active",
        created_at=key.created_at,
        created_by=key.created_by,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        revoked_by=key.revoked_by,
        last_used_at=used_at,
    )
