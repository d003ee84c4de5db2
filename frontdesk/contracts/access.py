"""API keys and the audit log, for operators: the requests, and the shapes of the replies."""

from collections.abc import Sequence
from typing import Any, Literal, TypedDict, Unpack

from frontdesk.client.requests import ApiCall, HttpRequest, as_text, get_request, json_request, path_segment
from frontdesk.contracts.resources import Page, Shape

Scope = Literal["metrics", "documents", "chat", "operator"]


class KeyInfo(Shape):
    """An API key without its secret."""

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
    """A key that was just created; the secret is returned only this once."""

    key: str


class Keys(Page):
    """A page of keys: those of API_KEYS first, then the newest."""

    keys: list[KeyInfo]


class Recorded(Shape):
    """An entry of the audit log: who did what, with which key, from where, and what it changed."""

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
    """A page of entries, newest first; `before_place` is the cursor to older ones, and None if there are none."""

    entries: list[Recorded]
    before_place: int | None


class AuditCheck(Shape):
    """The result of an integrity check of the audit log, with the place where it is broken."""

    whole: bool
    broken_at: int | None


class KeyChoices(TypedDict, total=False):
    """Options for a new key: a label, and an expiry in seconds from now or at a point in time."""

    label: str
    expires_in: int
    expires_at: float


class Sought(TypedDict, total=False):
    """Which entries to list; times are seconds since 1970. A filter that is None or left out matches everything."""

    action: str | None
    actor: str | None
    target: str | None
    person: str | None
    since: float | None
    until: float | None
    before: int | None
    limit: int | None


def keys(limit: int | None = None, offset: int | None = None) -> ApiCall[Keys]:
    """List all keys, one page at a time."""
    return ApiCall(get_request("/api/keys", limit=limit, offset=offset), Keys.model_validate_json)


def make_key(user: str, scopes: Sequence[Scope], **choices: Unpack[KeyChoices]) -> ApiCall[MadeKey]:
    """Create a key for a user; its secret is only in this reply."""
    body = {"user": user, "scopes": list(scopes), **choices}
    return ApiCall(json_request("POST", "/api/keys", body), MadeKey.model_validate_json)


def revoke_key(key_id: str) -> ApiCall[KeyInfo]:
    """Revoke a key, effective at once."""
    return ApiCall(HttpRequest("DELETE", f"/api/keys/{path_segment(key_id)}"), KeyInfo.model_validate_json)


def audit(**sought: Unpack[Sought]) -> ApiCall[AuditPage]:
    """List the audit log, newest first."""
    return ApiCall(_audit(sought), AuditPage.model_validate_json)


def audit_csv(**sought: Unpack[Sought]) -> ApiCall[str]:
    """Export the audit log as CSV: up to 100,000 entries."""
    return ApiCall(_audit(sought, format="csv"), as_text, slow=True)


def audit_check() -> ApiCall[AuditCheck]:
    """Check the whole audit log for entries that were altered."""
    return ApiCall(get_request("/api/audit/check"), AuditCheck.model_validate_json, slow=True)


def _audit(sought: Sought, **more: str) -> HttpRequest:
    named = {{"since": "from", "until": "to"}.get(name, name): value for name, value in sought.items()}
    return get_request("/api/audit", **named, **more)
