"""API keys and the audit log, as operators see them."""

from typing import Any, Literal

from pydantic import Field

from frontdesk.contracts.base import KeyScope, Page, Shape


class KeyInfo(Shape):
    """An API key without its secret."""

    id: str = Field(description="The beginning of the key's SHA-256 hash.")
    origin: Literal["settings", "desk"] = Field(description="settings: it is in API_KEYS; desk: it was made over HTTP")
    user: str
    label: str
    scopes: list[KeyScope]
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


class KeyPage(Page):
    """A page of keys: those of API_KEYS first, then the newest."""

    keys: list[KeyInfo]


class RecordedAction(Shape):
    """An entry of the audit log: who did what, with which key, from where, and what it changed."""

    place: int = Field(description="Entries are numbered without gaps.")
    at: float
    action: str
    actor: str = Field(description="A user; (desk) for the desk itself, (unknown) for whoever had no good key.")
    key_id: str | None
    address: str | None
    target: str
    person: str | None = Field(description="The user whose data or key it concerns, if any.")
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    hash: str = Field(description="SHA-256 over this entry and the hash of the one before it.")


class AuditPage(Shape):
    """A page of entries, newest first. For older ones send `before_place` as `before`; null if there are none."""

    entries: list[RecordedAction]
    before_place: int | None


class AuditCheck(Shape):
    """The result of an integrity check of the audit log: whether each entry still builds upon the one before it."""

    whole: bool
    broken_at: int | None = Field(description="The place of the first entry that was altered or follows a gap.")
