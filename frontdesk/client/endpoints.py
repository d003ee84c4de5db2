"""Every endpoint as a request and a way to read its reply, without a connection: both clients send the same."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict, Unpack

from frontdesk.client.requests import (
    ApiCall,
    HttpRequest,
    Json,
    StreamCall,
    as_json,
    as_text,
    get_request,
    json_request,
    path_segment,
    upload_request,
)
from frontdesk.contracts import reports, resources
from frontdesk.contracts.answers import Answer
from frontdesk.contracts.resources import RunWhole, ThreadWhole

_DEFAULTS = {"when_busy": "reject", "on_disconnect": "continue"}


class AskOptions(TypedDict, total=False):
    """Options for asking. `agent` selects one agent to answer; the server chooses whatever is None or left out.

    With `replaces`, the id of a conversation's last run, the message replaces that run's question.
    """

    session_id: str | None
    thread_id: str | None
    agent: str | None
    when_busy: str
    on_disconnect: str
    replaces: str | None


def ask(message: str, **choices: Unpack[AskOptions]) -> ApiCall[Answer]:
    """Ask, and wait for the whole answer."""
    return ApiCall(_question_request(message, choices, streamed=False), Answer.model_validate_json, question=True)


def stream(message: str, **choices: Unpack[AskOptions]) -> StreamCall:
    """Ask, and stream the answer's events, over as many connections as it takes."""
    return StreamCall(_question_request(message, choices, streamed=True))


def follow(run_id: str, after: int = -1) -> StreamCall:
    """Stream the events of a run after number `after`, which must not be the last one."""
    headers = {"last-event-id": str(after)} if after >= 0 else {}
    return StreamCall(HttpRequest("GET", f"/runs/{path_segment(run_id)}/stream", headers=headers), run_id, after)


def run(run_id: str) -> ApiCall[RunWhole]:
    """Return a run with its steps, their usage and their latency."""
    return ApiCall(HttpRequest("GET", f"/runs/{path_segment(run_id)}"), RunWhole.model_validate_json)


def cancel(run_id: str) -> ApiCall[Json]:
    """Cancel a run; the text written so far is kept."""
    return ApiCall(HttpRequest("POST", f"/runs/{path_segment(run_id)}/cancel"), as_json)


def feedback(run_id: str, rating: Literal["up", "down"], comment: str = "") -> ApiCall[Json]:
    """Rate an answer as helpful or not."""
    body = {"rating": rating} | ({"comment": comment} if comment else {})
    return ApiCall(json_request("POST", f"/runs/{path_segment(run_id)}/feedback", body), as_json)


class ThreadQuery(TypedDict, total=False):
    """Which conversations to list; the server chooses whatever is None or left out."""

    limit: int | None
    offset: int | None
    status: str | None
    search: str | None
    session: str | None
    session_prefix: str | None
    agent: str | None


def threads(**page: Unpack[ThreadQuery]) -> ApiCall[resources.ThreadPage]:
    """List conversations, one page at a time."""
    return ApiCall(get_request("/api/threads", **page), resources.ThreadPage.model_validate_json)


def thread(thread_id: str, limit: int | None = None, offset: int | None = None) -> ApiCall[ThreadWhole]:
    """Return a conversation with a page of its messages, oldest first."""
    return ApiCall(get_request(_thread_path(thread_id), limit=limit, offset=offset), ThreadWhole.model_validate_json)


def rename(thread_id: str, title: str) -> ApiCall[ThreadWhole]:
    """Rename a conversation."""
    return ApiCall(json_request("PATCH", _thread_path(thread_id), {"title": title}), ThreadWhole.model_validate_json)


def delete(thread_id: str, hard: bool = False) -> ApiCall[Json]:
    """Delete a conversation so that it can be restored; with `hard`, delete it permanently."""
    params = {"hard_delete": "true"} if hard else {}
    return ApiCall(HttpRequest("DELETE", _thread_path(thread_id), params=params), as_json)


def restore(thread_id: str) -> ApiCall[ThreadWhole]:
    """Restore a deleted conversation."""
    return ApiCall(HttpRequest("POST", f"{_thread_path(thread_id)}/restore"), ThreadWhole.model_validate_json)


def export(thread_id: str, format: Literal["markdown", "json"] = "markdown") -> ApiCall[str]:
    """Export a conversation as a Markdown or JSON document."""
    return ApiCall(get_request(f"{_thread_path(thread_id)}/export", format=format), as_text)


def agents() -> ApiCall[resources.AgentList]:
    """List all agents."""
    return ApiCall(get_request("/api/agents"), resources.AgentList.model_validate_json)


def agent(agent_id: str) -> ApiCall[resources.AgentInfo]:
    """Return one agent."""
    return ApiCall(get_request(_agent_path(agent_id)), resources.AgentInfo.model_validate_json)


def create_agent(description: Mapping[str, Any]) -> ApiCall[resources.AgentInfo]:
    """Create an agent from a description with the fields of the API."""
    return ApiCall(json_request("POST", "/api/agents", description), resources.AgentInfo.model_validate_json)


def replace_agent(agent_id: str, description: Mapping[str, Any]) -> ApiCall[resources.AgentInfo]:
    """Replace the agent with this id."""
    return ApiCall(json_request("PUT", _agent_path(agent_id), description), resources.AgentInfo.model_validate_json)


def delete_agent(agent_id: str) -> ApiCall[Json]:
    """Delete an agent."""
    return ApiCall(HttpRequest("DELETE", _agent_path(agent_id)), as_json)


def route(question: str) -> ApiCall[resources.RouteResponse]:
    """Preview which agents would take a question, without answering it; routing may call a model."""
    body = {"question": question}
    return ApiCall(
        json_request("POST", "/api/agents/route", body), resources.RouteResponse.model_validate_json, slow=True
    )


class DocumentQuery(TypedDict, total=False):
    """Which documents to list; the server chooses whatever is None or left out."""

    folder: str | None
    search: str | None
    limit: int | None
    offset: int | None
    after: str | None


def documents(**shelf: Unpack[DocumentQuery]) -> ApiCall[resources.DocumentPage]:
    """List documents without their text."""
    return ApiCall(get_request("/api/documents", **shelf), resources.DocumentPage.model_validate_json)


def document(document_id: str) -> ApiCall[resources.DocumentWhole]:
    """Return a document with its text."""
    return ApiCall(get_request(_document_path(document_id)), resources.DocumentWhole.model_validate_json)


def document_links(targets: Sequence[str], near: str = "") -> ApiCall[resources.DocumentLinks]:
    """Find the documents to which links (`doc:...`) in the document `near` or in an answer lead."""
    request = json_request("POST", "/api/documents/links", {"targets": [*targets], "near": near})
    return ApiCall(request, resources.DocumentLinks.model_validate_json)


def put_document(file: bytes, folder: str, path: str, source: str = "upload") -> ApiCall[resources.Document]:
    """Add a document to a folder, or replace the one with this source and path; it is read and embedded at once."""
    request = upload_request("/api/documents", file, folder=folder, path=path, source=source)
    return ApiCall(request, resources.Document.model_validate_json, slow=True)


def put_archive(file: bytes, folder: str, path: str, source: str = "upload") -> ApiCall[resources.Begun]:
    """Ingest the documents of a zip archive, as a run to follow."""
    request = upload_request("/api/documents/archives", file, folder=folder, path=path, source=source)
    return ApiCall(request, resources.Begun.model_validate_json)


def reindex(folder: str | None = None) -> ApiCall[resources.Begun]:
    """Chunk and embed a folder again, or all documents, as a run to follow."""
    body = {"folder": folder} if folder else {}
    return ApiCall(json_request("POST", "/api/documents/reindex", body), resources.Begun.model_validate_json)


def delete_document(document_id: str) -> ApiCall[Json]:
    """Delete a document."""
    return ApiCall(HttpRequest("DELETE", _document_path(document_id)), as_json)


class HandoffQuery(TypedDict, total=False):
    """Which hand-overs to list: the waiting ones, or with `resolved` the resolved ones."""

    resolved: bool | None
    limit: int | None
    offset: int | None


def handovers(**queue: Unpack[HandoffQuery]) -> ApiCall[reports.HandoffPage]:
    """List the users who wait for a person."""
    return ApiCall(get_request("/api/handovers", **queue), reports.HandoffPage.model_validate_json)


def handover(handover_id: str) -> ApiCall[reports.HandoffWhole]:
    """Return one hand-over with the conversation that led to it."""
    return ApiCall(get_request(_handover_path(handover_id)), reports.HandoffWhole.model_validate_json)


def hand_over(contact: str, message: str = "", thread_id: str | None = None) -> ApiCall[reports.HandoffInfo]:
    """Request a person, and leave a contact for the reply."""
    body = {"contact": contact, "message": message} | ({"thread_id": thread_id} if thread_id else {})
    return ApiCall(json_request("POST", "/api/handovers", body), reports.HandoffInfo.model_validate_json)


def resolve(handover_id: str, note: str = "") -> ApiCall[reports.HandoffInfo]:
    """Mark a hand-over as resolved by a person."""
    return ApiCall(
        json_request("POST", f"{_handover_path(handover_id)}/resolve", {"note": note}),
        reports.HandoffInfo.model_validate_json,
    )


def unanswered(days: int | None = None, limit: int | None = None) -> ApiCall[reports.UnansweredPage]:
    """List the questions that no document answers."""
    return ApiCall(get_request("/api/unanswered", days=days, limit=limit), reports.UnansweredPage.model_validate_json)


def activity(
    days: int | None = None, limit: int | None = None, offset: int | None = None
) -> ApiCall[reports.ActivityReport]:
    """Report the server's activity of the last `days` days, with a page of the latest runs."""
    request = get_request("/api/activity", days=days, limit=limit, offset=offset)
    return ApiCall(request, reports.ActivityReport.model_validate_json)


def info() -> ApiCall[resources.Info]:
    """Describe this server and the user of this client."""
    return ApiCall(get_request("/info"), resources.Info.model_validate_json)


def health() -> ApiCall[Json]:
    """Return the health report, also when it says that the server is unhealthy."""
    return ApiCall(get_request("/health"), as_json, also=503)


def _question_request(message: str, choices: AskOptions, *, streamed: bool) -> HttpRequest:
    # Default options are not sent, so that a desk without an option answers too.
    chosen = {name: value for name, value in choices.items() if value != _DEFAULTS.get(name)}
    agent = chosen.pop("agent", None)
    if agent is None:
        return json_request("POST", "/chat/stream" if streamed else "/chat", {"message": message, **chosen})
    return json_request("POST", f"{_agent_path(str(agent))}/chat", {"message": message, "stream": streamed, **chosen})


def _thread_path(thread_id: str) -> str:
    return f"/api/threads/{path_segment(thread_id)}"


def _agent_path(agent_id: str) -> str:
    return f"/api/agents/{path_segment(agent_id)}"


def _document_path(document_id: str) -> str:
    return f"/api/documents/{path_segment(document_id)}"


def _handover_path(handover_id: str) -> str:
    return f"/api/handovers/{path_segment(handover_id)}"
