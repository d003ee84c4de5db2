"""Keys and the audit log, for operators: the requests, and the shapes of the replies."""

from collections.abc import Sequence
from typing import Any, Literal, TypedDict, Unpack

from frontdesk.client.requests import Call, Request, as_text, looking, segment, sending
from frontdesk.contracts.resources import Page, Shape

Scope = Literal["metrics", "documents", "chat", "operator"]


class KeyInfo(Shape):
    """A key, without itself."""

    id: str
    origin: Literal["settings", "desk"]
    user: str
    label: str
    scopes: list[str]
    state: Literal["active", "expired", "revoked"]
    created_at: float | None
    created_by: str | None
    expires_at: float | None
    revoked_at: float | None
    revoked_by: str | None
    last_used_at: float | None


class MadeKey(KeyInfo):
    """A key that was just made; it is told this once."""

    key: str


class Keys(Page):
    """Some keys: those of API_KEYS first, then the newest."""

    keys: list[KeyInfo]


class Recorded(Shape):
    """Something that was done: who did it, with which key, from where, and what it changed."""

    place: int
    at: float
    action: str
    actor: str
    key_id: str | None
    address: str | None
    target: str
    person: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    hash: str


class AuditPage(Shape):
    """Some entries, the newest first; `before_place` leads to those before them, and is None where there are none."""

    entries: list[Recorded]
    before_place: int | None


class AuditCheck(Shape):
    """Whether the audit log is as it was written, or where it is not."""

    whole: bool
    broken_at: int | None


class KeyChoices(TypedDict, total=False):
    """What a key may have: a label, and an end, in so many seconds or at a moment."""

    label: str
    expires_in: int
    expires_at: float


class Sought(TypedDict, total=False):
    """Which entries to list; times are seconds since 1970. What is None or left out is all the same."""

    action: str | None
    actor: str | None
    target: str | None
    person: str | None
    since: float | None
    until: float | None
    before: int | None
    limit: int | None


def keys(limit: int | None = None, offset: int | None = None) -> Call[Keys]:
    """Every key, a page at a time."""
    return Call(looking("/api/keys", limit=limit, offset=offset), Keys.model_validate_json)


def make_key(user: str, scopes: Sequence[Scope], **choices: Unpack[KeyChoices]) -> Call[MadeKey]:
    """A key for a user; the reply is the only place where it is told."""
    body = {"user": user, "scopes": list(scopes), **choices}
    return Call(sending("POST", "/api/keys", body), MadeKey.model_validate_json)


def revoke_key(key_id: str) -> Call[KeyInfo]:
    """Refuse a key from now on."""
    return Call(Request("DELETE", f"/api/keys/{segment(key_id)}"), KeyInfo.model_validate_json)


def audit(**sought: Unpack[Sought]) -> Call[AuditPage]:
    """What was done, the newest first."""
    return Call(_audit(sought), AuditPage.model_validate_json)


def audit_csv(**sought: Unpack[Sought]) -> Call[str]:
    """The same as CSV: up to 100,000 entries."""
    return Call(_audit(sought, format="csv"), as_text, slow=True)


def audit_check() -> Call[AuditCheck]:
    """Look through the whole audit log for what was altered."""
    return Call(looking("/api/audit/check"), AuditCheck.model_validate_json, slow=True)


def _audit(sought: Sought, **more: str) -> Request:
    named = {{"since": "from", "until": "to"}.get(name, name): value for name, value in sought.items()}
    return looking("/api/audit", **named, **more)
