"""The endpoints for people: the requests of an operator about one user's data, and how their replies are read."""

from typing import Literal

from frontdesk.client.requests import ApiCall, HttpRequest, Json, as_bytes, as_json, get_request, path_segment
from frontdesk.contracts import reports


def people(limit: int | None = None, offset: int | None = None) -> ApiCall[reports.People]:
    """List the users who have a key or stored data, and how much they have stored."""
    return ApiCall(get_request("/api/people", limit=limit, offset=offset), reports.People.model_validate_json)


def export_person(user: str) -> ApiCall[bytes]:
    """Export all data about a user as a zip archive; for one beyond 64 MB, use curl."""
    return ApiCall(HttpRequest("GET", f"{_person_path(user)}/export"), as_bytes, slow=True)


def delete_person(
    user: str, part: Literal["conversations", "documents"] | None = None
) -> ApiCall[reports.PersonRemoved]:
    """Permanently delete all data of a user, or a part of it."""
    place = f"{_person_path(user)}/{part}" if part else _person_path(user)
    return ApiCall(HttpRequest("DELETE", place), reports.PersonRemoved.model_validate_json, slow=True)


def delete_conversation_of(user: str, thread_id: str) -> ApiCall[Json]:
    """Permanently delete one conversation of a user, without reading it."""
    return ApiCall(HttpRequest("DELETE", f"{_person_path(user)}/conversations/{path_segment(thread_id)}"), as_json)


def delete_document_of(user: str, document_id: str) -> ApiCall[Json]:
    """Delete one of a user's own documents, without reading it."""
    return ApiCall(HttpRequest("DELETE", f"{_person_path(user)}/documents/{path_segment(document_id)}"), as_json)


def _person_path(user: str) -> str:
    return f"/api/people/{path_segment(user)}"
