"""A field that the desk's own API does not have is refused by its name; doors of other protocols leave it out."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from backend.app import create_app
from backend.settings import Settings
from tests.backend.agents import SALES
from tests.backend.asking import refusal
from tests.serving import Server

DOCUMENT = create_app(Settings.model_construct()).openapi()
# The generation gateway, and a model without an agent: their callers send what other servers of the kind take.
OF_OTHERS = {"/agent/generate", "/agent/stream", "/api/v1/ai/stream"} | {
    f"/api/llm/chat{rest}" for rest in ("", "/stream", "/session", "/session/stream")
}
QUESTION = "How are refunds of duplicate charges paid?"
BODIES: dict[str, dict[str, Any]] = {
    "/chat": {"message": QUESTION},
    "/chat/stream": {"message": QUESTION},
    "/api/agents/billing/chat": {"message": QUESTION},
    "/api/agents": SALES,
    "/api/agents/route": {"question": QUESTION},
    "/api/documents/reindex": {},
    "/api/handovers": {"contact": "ada@example.org"},
    "/api/keys": {"user": "ada", "scopes": ["chat"]},
}


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as opened:
        yield opened


def schemas() -> Iterator[tuple[str, dict[str, Any]]]:
    """The path of every operation that takes a body, and the schema of the body."""
    for path, operations in DOCUMENT["paths"].items():
        for operation in operations.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                name = content["schema"]["$ref"].rpartition("/")[2]
                yield path, DOCUMENT["components"]["schemas"][name]


def test_every_body_of_the_desks_own_api_is_closed_and_those_of_others_are_open() -> None:
    closed = {path for path, schema in schemas() if schema.get("additionalProperties") is False}
    assert len(closed) > 10
    assert {path for path, _ in schemas()} - closed == OF_OTHERS


@pytest.mark.parametrize("path", BODIES)
def test_an_unknown_field_is_named(client: httpx.Client, path: str) -> None:
    refused = client.post(path, json={**BODIES[path], "colour": "red"})
    assert refusal(refused) == (422, "invalid_request")
    assert refused.json()["error"]["message"].startswith("colour: There is no such field; ")


def test_a_misspelt_field_is_named_rather_than_the_one_that_is_missing(client: httpx.Client) -> None:
    refused = client.post("/chat", json={"mesage": QUESTION})
    assert refused.json()["error"]["message"].startswith("mesage: There is no such field; ")


def test_an_unknown_field_of_a_form_is_named(client: httpx.Client) -> None:
    form = {"folder": "billing", "path": "unknown.md", "agent": "billing"}
    refused = client.post("/api/documents", data=form, files={"file": ("unknown.md", b"# A\n\nA.\n")})
    assert refusal(refused) == (422, "invalid_request")
    assert refused.json()["error"]["message"].startswith("agent: There is no such field; ")


@pytest.mark.parametrize("name", ["x" * 100_000, "\ud800half", "\u202ereordered"])
def test_an_odd_name_is_told_in_bounds(client: httpx.Client, name: str) -> None:
    body = json.dumps({"message": QUESTION, name: 1})
    refused = client.post("/chat", content=body, headers={"content-type": "application/json"})
    assert refusal(refused) == (422, "invalid_request")
    assert len(refused.content) < 1_000


@pytest.mark.parametrize("path", ["/agent/generate", "/agent/stream", "/api/v1/ai/stream"])
def test_the_gateway_leaves_out_what_it_does_not_know(client: httpx.Client, path: str) -> None:
    body = {"agent_type": "billing", "task": QUESTION, "priority": "high"}
    assert client.post(path, json=body).status_code == 200


def test_the_models_door_leaves_out_what_it_does_not_know(client: httpx.Client) -> None:
    body = {"messages": [{"role": "user", "content": "Hi", "name": "ada"}], "frequency_penalty": 0.5}
    assert refusal(client.post("/api/llm/chat", json=body)) != (422, "invalid_request")
