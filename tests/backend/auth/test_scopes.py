"""What each key is for: every route names its scopes, and a key of another scope is refused at it."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from backend.api.deps import Needs
from backend.app import create_app
from backend.settings import Settings
from tests.backend.asking import refusal
from tests.backend.auth.desk import make_key, with_key
from tests.serving import Server

# Strangers are answered there, if with less.
OPEN = {"/", "/health", "/ready"}
METRICS, CHAT, DOCUMENTS, OPERATOR = "metrics", "chat", "documents", "operator"


def routes(app: FastAPI) -> Iterator[APIRoute | APIWebSocketRoute]:
    for route in app.routes:
        router = getattr(route, "original_router", None)
        for one in router.routes if router else [route]:
            if isinstance(one, APIRoute | APIWebSocketRoute):
                yield one


def needed(dependant: Dependant) -> list[tuple[str, ...]]:
    """The scopes that a route asks for, each time that it does."""
    own: list[tuple[str, ...]] = [dependant.call.any_of] if isinstance(dependant.call, Needs) else []
    return own + [scopes for one in dependant.dependencies for scopes in needed(one)]


def walked() -> list[tuple[str, list[tuple[str, ...]]]]:
    return [(route.path, needed(route.dependant)) for route in routes(create_app(Settings.model_construct()))]


def test_the_walk_sees_every_route() -> None:
    paths = {path for path, _ in walked()}
    assert set(create_app(Settings.model_construct()).openapi()["paths"]) <= paths
    assert "/ws/ai/stream" in paths


@pytest.mark.parametrize(("path", "scopes"), walked())
def test_every_route_says_which_keys_it_is_for(path: str, scopes: list[tuple[str, ...]]) -> None:
    assert bool(scopes) == (path not in OPEN)


def asks() -> list[tuple[str, str, dict[str, Any], set[str]]]:
    """Requests, and the scopes of which one lets them in; `operator` always does."""
    return [
        ("GET", "/metrics", {}, {METRICS}),
        ("GET", "/info", {}, {CHAT, DOCUMENTS}),
        ("POST", "/chat", {"json": {"message": "How are refunds paid? 2 tokens"}}, {CHAT}),
        ("POST", "/chat/stream", {"json": {"message": "How are refunds paid? 2 tokens"}}, {CHAT}),
        ("POST", "/api/llm/chat", {"json": {"messages": [{"role": "user", "content": "Hi"}]}}, {CHAT}),
        ("POST", "/agent/generate", {"json": {"task": "How are refunds paid? 2 tokens"}}, {CHAT}),
        ("GET", "/api/threads", {}, {CHAT}),
        ("GET", "/api/handovers", {}, {CHAT}),
        ("GET", "/api/activity", {}, {CHAT}),
        ("GET", "/api/agents", {}, {CHAT, DOCUMENTS}),
        ("POST", "/api/agents/route", {"json": {"question": "How are refunds paid?"}}, {CHAT}),
        ("GET", "/api/documents", {}, {DOCUMENTS}),
        (
            "POST",
            "/api/documents",
            {"data": {"folder": "billing", "path": "a.md"}, "files": {"file": ("a.md", b"# A\n\nA.")}},
            {DOCUMENTS},
        ),
        ("POST", "/api/documents/reindex", {"json": {"folder": "nowhere"}}, set()),
        ("DELETE", "/api/agents/nobody", {}, set()),
        ("GET", "/api/unanswered", {}, set()),
        ("GET", "/api/models/local", {}, set()),
        ("POST", "/api/models/local/nobody", {}, set()),
        ("DELETE", "/api/models/local/nobody", {}, set()),
        ("GET", "/api/keys", {}, set()),
        ("POST", "/api/keys", {"json": {}}, set()),
        ("DELETE", "/api/keys/none", {}, set()),
        ("GET", "/api/people/nobody/export", {}, set()),
        ("DELETE", "/api/people/nobody", {}, set()),
        ("GET", "/api/audit", {}, set()),
        ("GET", "/api/audit/check", {}, set()),
    ]


@pytest.mark.parametrize("scope", [METRICS, CHAT, DOCUMENTS, OPERATOR])
def test_a_key_is_good_for_its_scope_alone(desk: Server, olga: httpx.Client, scope: str) -> None:
    key = make_key(olga, f"a-{scope}", scope)["key"]
    with with_key(desk, key) as client:
        for method, path, body, scopes in asks():
            status = client.request(method, path, **body).status_code
            may = scope == OPERATOR or scope in scopes
            assert (status not in (401, 403)) == may, f"{method} {path}: {status}"


def test_what_is_refused_says_what_the_key_is_for(desk: Server, olga: httpx.Client) -> None:
    with with_key(desk, make_key(olga, "uploader", DOCUMENTS)["key"]) as client:
        refused = client.post("/chat", json={"message": "Hi"})
    assert refusal(refused) == (403, "scope_missing")
    assert refused.json()["error"]["message"] == "This key is for documents; use one for chat."


@pytest.mark.parametrize("scope", [METRICS, DOCUMENTS])
def test_a_socket_is_for_chat(desk: Server, olga: httpx.Client, scope: str) -> None:
    headers = {"X-API-Key": make_key(olga, f"a-{scope}", scope)["key"]}
    url = f"{desk.url.replace('http', 'ws', 1)}/ws/ai/stream"
    with pytest.raises(InvalidStatus) as refused, connect(url, additional_headers=headers, proxy=None):
        pass
    assert refused.value.response.status_code == 403


def test_a_documents_key_follows_its_own_work_and_reads_no_conversation(
    desk: Server, olga: httpx.Client, archive: Callable[[str], bytes]
) -> None:
    documents, chat = (make_key(olga, "both", scope)["key"] for scope in (DOCUMENTS, CHAT))
    with with_key(desk, documents) as adder, with_key(desk, chat) as asker:
        asked = asker.post("/chat", json={"message": "How are refunds paid? 2 tokens"}).json()["run_id"]
        begun = adder.post(
            "/api/documents/archives",
            data={"folder": "billing", "path": "own.zip"},
            files={"file": archive("Only a note.")},
        ).json()["run_id"]
        assert '"type":"done"' in adder.get(f"/runs/{begun}/stream").text
        for way in ("", "/stream"):
            assert refusal(adder.get(f"/runs/{asked}{way}")) == (403, "scope_missing")
            assert refusal(asker.get(f"/runs/{begun}{way}")) == (403, "scope_missing")
        for path in (f"/runs/{asked}/cancel", f"/agent/cancel/{asked}"):
            assert refusal(adder.post(path)) == (403, "scope_missing")


def test_keys_of_the_settings_chat_and_add_documents(ada: httpx.Client, olga: httpx.Client) -> None:
    assert ada.get("/info").json()["user"] == {"id": "ada", "operator": False, "scopes": ["chat", "documents"]}
    assert olga.get("/info").json()["user"]["scopes"] == ["chat", "documents", "metrics", "operator"]
    assert refusal(ada.get("/metrics")) == (403, "scope_missing")
    assert refusal(ada.get("/api/audit")) == (403, "not_allowed")
