"""The endpoints for API keys and the audit log: the requests of an operator, and how their replies are read."""

from collections.abc import Sequence
from typing import Literal, TypedDict, Unpack

from frontdesk.client.requests import ApiCall, HttpRequest, as_text, get_request, json_request, path_segment
from frontdesk.contracts.access import AuditCheck, AuditPage, KeyInfo, KeyPage, MadeKey

Scope = Literal["metrics", "documents", "chat", "operator"]


class KeyChoices(TypedDict, total=False):
    """Options for a new key: a label, and an expiry in seconds from now or at a point in time."""

    label: str
    expires_in: int
    expires_at: float


class AuditQuery(TypedDict, total=False):
    """Which entries to list; times are seconds since 1970. A filter that is None or left out matches everything."""

    action: str | None
    actor: str | None
    target: str | None
    person: str | None
    since: float | None
    until: float | None
    before: int | None
    limit: int | None


def keys(limit: int | None = None, offset: int | None = None) -> ApiCall[KeyPage]:
    """List all keys, one page at a time."""
    return ApiCall(get_request("/api/keys", limit=limit, offset=offset), KeyPage.model_validate_json)


def make_key(user: str, scopes: Sequence[Scope], **choices: Unpack[KeyChoices]) -> ApiCall[MadeKey]:
    """Create a key for a user; its secret is only in this reply."""
    body = {"user": user, "scopes": list(scopes), **choices}
    return ApiCall(json_request("POST", "/api/keys", body), MadeKey.model_validate_json)


def revoke_key(key_id: str) -> ApiCall[KeyInfo]:
    """Revoke a key, effective at once."""
    return ApiCall(HttpRequest("DELETE", f"/api/keys/{path_segment(key_id)}"), KeyInfo.model_validate_json)


def audit(**sought: Unpack[AuditQuery]) -> ApiCall[AuditPage]:
    """List the audit log, newest first."""
    return ApiCall(_audit(sought), AuditPage.model_validate_json)


def audit_csv(**sought: Unpack[AuditQuery]) -> ApiCall[str]:
    """Export the audit log as CSV: up to 100,000 entries."""
    return ApiCall(_audit(sought, format="csv"), as_text, slow=True)


def audit_check() -> ApiCall[AuditCheck]:
    """Check the whole audit log for entries that were altered."""
    return ApiCall(get_request("/api/audit/check"), AuditCheck.model_validate_json, slow=True)


def _audit(sought: AuditQuery, **more: str) -> HttpRequest:
    named = {{"since": "from", "until": "to"}.get(name, name): value for name, value in sought.items()}
    return get_request("/api/audit", **named, **more)
