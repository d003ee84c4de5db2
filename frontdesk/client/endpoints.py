"""Every door of the desk as a request and how to read its reply, without a connection: both clients send the same."""

from collections.abc import Mapping
from typing import Any, Literal, TypedDict, Unpack

from frontdesk.client.requests import (
    Call,
    Json,
    Opening,
    Request,
    as_bytes,
    as_json,
    as_text,
    looking,
    segment,
    sending,
    uploading,
)
from frontdesk.contracts import reports, resources
from frontdesk.contracts.resources import Answer, Run

_DEFAULTS = {"when_busy": "reject", "on_disconnect": "continue"}


class Choices(TypedDict, total=False):
    """How to ask. With `agent`, that one answers; what is None or left out is the desk's to choose.

    With `replaces`, the id of a conversation's last run, the message takes the place of that run's question.
    """

    session_id: str | None
    thread_id: str | None
    agent: str | None
    when_busy: str
    on_disconnect: str
    replaces: str | None


def ask(message: str, **choices: Unpack[Choices]) -> Call[Answer]:
    """Ask, and wait for the whole answer."""
    return Call(_question(message, choices, streamed=False), Answer.model_validate_json, question=True)


def stream(message: str, **choices: Unpack[Choices]) -> Opening:
    """Ask, and read the answer's events as they come, over as many connections as it takes."""
    return Opening(_question(message, choices, streamed=True))


def follow(run_id: str, after: int = -1) -> Opening:
    """A run's events after number `after`, which must come before the last one."""
    headers = {"last-event-id": str(after)} if after >= 0 else {}
    return Opening(Request("GET", f"/runs/{segment(run_id)}/stream", headers=headers), run_id, after)


def run(run_id: str) -> Call[Run]:
    """A run with its steps and what they took."""
    return Call(Request("GET", f"/runs/{segment(run_id)}"), Run.model_validate_json)


def cancel(run_id: str) -> Call[Json]:
    """Stop a run; what it has said is kept."""
    return Call(Request("POST", f"/runs/{segment(run_id)}/cancel"), as_json)


def feedback(run_id: str, rating: Literal["up", "down"], comment: str = "") -> Call[Json]:
    """Say whether an answer helped."""
    body = {"rating": rating} | ({"comment": comment} if comment else {})
    return Call(sending("POST", f"/runs/{segment(run_id)}/feedback", body), as_json)


class Page(TypedDict, total=False):
    """Which conversations to list; what is None or left out is the desk's to choose."""

    limit: int | None
    offset: int | None
    status: str | None
    search: str | None
    session: str | None
    session_prefix: str | None
    agent: str | None


def threads(**page: Unpack[Page]) -> Call[resources.Threads]:
    """Conversations, a page at a time."""
    return Call(looking("/api/threads", **page), resources.Threads.model_validate_json)


def thread(thread_id: str, limit: int | None = None, offset: int | None = None) -> Call[resources.ThreadWhole]:
    """A conversation with a page of its messages, the oldest first."""
    return Call(looking(_thread(thread_id), limit=limit, offset=offset), resources.ThreadWhole.model_validate_json)


def rename(thread_id: str, title: str) -> Call[resources.ThreadWhole]:
    """Give a conversation another title."""
    return Call(sending("PATCH", _thread(thread_id), {"title": title}), resources.ThreadWhole.model_validate_json)


def delete(thread_id: str, hard: bool = False) -> Call[Json]:
    """Put a conversation away; with `hard`, for good."""
    return Call(Request("DELETE", _thread(thread_id), params={"hard_delete": "true"} if hard else {}), as_json)


def restore(thread_id: str) -> Call[resources.ThreadWhole]:
    """Bring back what was put away."""
    return Call(Request("POST", f"{_thread(thread_id)}/restore"), resources.ThreadWhole.model_validate_json)


def export(thread_id: str, format: Literal["markdown", "json"] = "markdown") -> Call[str]:
    """A conversation as a document."""
    return Call(looking(f"{_thread(thread_id)}/export", format=format), as_text)


def agents() -> Call[resources.Agents]:
    """Every agent."""
    return Call(looking("/api/agents"), resources.Agents.model_validate_json)


def agent(agent_id: str) -> Call[resources.Agent]:
    """One agent."""
    return Call(looking(_agent(agent_id)), resources.Agent.model_validate_json)


def create_agent(description: Mapping[str, Any]) -> Call[resources.Agent]:
    """A new agent, in the desk's own words for one."""
    return Call(sending("POST", "/api/agents", description), resources.Agent.model_validate_json)


def replace_agent(agent_id: str, description: Mapping[str, Any]) -> Call[resources.Agent]:
    """Another agent under the same id."""
    return Call(sending("PUT", _agent(agent_id), description), resources.Agent.model_validate_json)


def delete_agent(agent_id: str) -> Call[Json]:
    """Dismiss an agent."""
    return Call(Request("DELETE", _agent(agent_id)), as_json)


def route(question: str) -> Call[resources.Routed]:
    """Which agents would take a question; it may take a model to say, and is not answered."""
    body = {"question": question}
    return Call(sending("POST", "/api/agents/route", body), resources.Routed.model_validate_json, slow=True)


class Shelf(TypedDict, total=False):
    """Which documents to list; what is None or left out is the desk's to choose."""

    folder: str | None
    search: str | None
    limit: int | None
    offset: int | None


def documents(**shelf: Unpack[Shelf]) -> Call[resources.Documents]:
    """Documents without their text."""
    return Call(looking("/api/documents", **shelf), resources.Documents.model_validate_json)


def document(document_id: str) -> Call[resources.DocumentWhole]:
    """A document with its text."""
    return Call(looking(_document(document_id)), resources.DocumentWhole.model_validate_json)


def put_document(file: bytes, folder: str, path: str, source: str = "upload") -> Call[resources.Document]:
    """Add a document to a folder, or replace the one of that source and path. The desk reads and embeds it at once."""
    request = uploading("/api/documents", file, folder=folder, path=path, source=source)
    return Call(request, resources.Document.model_validate_json, slow=True)


def put_archive(file: bytes, folder: str, path: str, source: str = "upload") -> Call[resources.Begun]:
    """Bring in what a zip archive holds, as a run to be followed."""
    request = uploading("/api/documents/archives", file, folder=folder, path=path, source=source)
    return Call(request, resources.Begun.model_validate_json)


def reindex(folder: str | None = None) -> Call[resources.Begun]:
    """Cut and embed a folder again, or everything, as a run to be followed."""
    body = {"folder": folder} if folder else {}
    return Call(sending("POST", "/api/documents/reindex", body), resources.Begun.model_validate_json)


def delete_document(document_id: str) -> Call[Json]:
    """Remove a document."""
    return Call(Request("DELETE", _document(document_id)), as_json)


class Queue(TypedDict, total=False):
    """Which hand-overs to list: those still waiting, or with `resolved` those seen to."""

    resolved: bool | None
    limit: int | None
    offset: int | None


def handovers(**queue: Unpack[Queue]) -> Call[reports.Handovers]:
    """Who waits for a person."""
    return Call(looking("/api/handovers", **queue), reports.Handovers.model_validate_json)


def handover(handover_id: str) -> Call[reports.HandoverWhole]:
    """One of them, with the conversation that led to it."""
    return Call(looking(_handover(handover_id)), reports.HandoverWhole.model_validate_json)


def hand_over(contact: str, message: str = "", thread_id: str | None = None) -> Call[reports.Handover]:
    """Ask for a person, and say how they reach you."""
    body = {"contact": contact, "message": message} | ({"thread_id": thread_id} if thread_id else {})
    return Call(sending("POST", "/api/handovers", body), reports.Handover.model_validate_json)


def resolve(handover_id: str, note: str = "") -> Call[reports.Handover]:
    """A person has seen to it."""
    return Call(
        sending("POST", f"{_handover(handover_id)}/resolve", {"note": note}), reports.Handover.model_validate_json
    )


def unanswered(days: int | None = None, limit: int | None = None) -> Call[reports.UnansweredQuestions]:
    """What people asked and no document answers."""
    return Call(looking("/api/unanswered", days=days, limit=limit), reports.UnansweredQuestions.model_validate_json)


def activity(days: int | None = None, limit: int | None = None, offset: int | None = None) -> Call[reports.Activity]:
    """What the desk has done in so many days, with a page of the latest runs."""
    return Call(looking("/api/activity", days=days, limit=limit, offset=offset), reports.Activity.model_validate_json)


def people(limit: int | None = None, offset: int | None = None) -> Call[reports.People]:
    """Who has a key or has left something, and how much."""
    return Call(looking("/api/people", limit=limit, offset=offset), reports.People.model_validate_json)


def export_person(user: str) -> Call[bytes]:
    """Everything that the desk holds about a user, as a zip archive; one beyond 64 MB is better saved with curl."""
    return Call(Request("GET", f"{_person(user)}/export"), as_bytes, slow=True)


def delete_person(user: str, part: Literal["conversations", "documents"] | None = None) -> Call[reports.PersonRemoved]:
    """Everything of a user, or a part of it, for good."""
    place = f"{_person(user)}/{part}" if part else _person(user)
    return Call(Request("DELETE", place), reports.PersonRemoved.model_validate_json, slow=True)


def delete_conversation_of(user: str, thread_id: str) -> Call[Json]:
    """One conversation of a user, for good and unread."""
    return Call(Request("DELETE", f"{_person(user)}/conversations/{segment(thread_id)}"), as_json)


def delete_document_of(user: str, document_id: str) -> Call[Json]:
    """One of a user's own documents, unread."""
    return Call(Request("DELETE", f"{_person(user)}/documents/{segment(document_id)}"), as_json)


def info() -> Call[resources.Info]:
    """What this desk is, and who you are to it."""
    return Call(looking("/info"), resources.Info.model_validate_json)


def health() -> Call[Json]:
    """How the desk is; also where it says that it is not well."""
    return Call(looking("/health"), as_json, also=503)


def _question(message: str, choices: Choices, *, streamed: bool) -> Request:
    # What is not asked for is not sent, so that a desk without that choice answers too.
    chosen = {name: value for name, value in choices.items() if value != _DEFAULTS.get(name)}
    agent = chosen.pop("agent", None)
    if agent is None:
        return sending("POST", "/chat/stream" if streamed else "/chat", {"message": message, **chosen})
    return sending("POST", f"{_agent(str(agent))}/chat", {"message": message, "stream": streamed, **chosen})


def _thread(thread_id: str) -> str:
    return f"/api/threads/{segment(thread_id)}"


def _agent(agent_id: str) -> str:
    return f"/api/agents/{segment(agent_id)}"


def _document(document_id: str) -> str:
    return f"/api/documents/{segment(document_id)}"


def _person(user: str) -> str:
    return f"/api/people/{segment(user)}"


def _handover(handover_id: str) -> str:
    return f"/api/handovers/{segment(handover_id)}"
