"""Who may use a desk with keys, and that nobody meets anything of anybody else's."""

import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from pydantic import SecretStr
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from agents.errors import SettingsInvalid
from backend.app import create_app
from backend.http.request_guards import check_address
from backend.settings import Settings
from backend.users import LOCAL, Users, digest_of
from tests.backend.asking import as_user, begin, follow, key_of, keys, refusal
from tests.serving import ROOT, Server, serve

OPEN = {"/", "/health", "/ready", "/openapi.json"}
REFUNDS = "How are refunds paid? 2 tokens"
HELD = "How are refunds paid? 3 tokens, then hang"


def doors() -> list[tuple[str, str]]:
    """Every door that the OpenAPI document names, but the open ones."""
    paths: dict[str, dict[str, Any]] = create_app(Settings.model_construct()).openapi()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() if path not in OPEN for method in methods]


def users(text: str, operators: str = "") -> Users:
    return Users(Settings.model_construct(api_keys=SecretStr(text), operators=operators))


@pytest.fixture(scope="module")
def desk(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A desk of three users and an operator."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("users") / "data"))
    settings = {"API_KEYS": keys("ada", "bob", "carl", "olga"), "OPERATORS": "olga"}
    settings |= {"CORS_ORIGINS": "https://desk.example", "MAX_OWN_DOCUMENTS": "3"}
    # Each door is tried with wrong keys.
    settings |= {"KEY_RATE": "", "SEARCH_RATE": "", "UPLOAD_RATE": ""}
    with serve(data, "tests.scripted", ANSWER_THRESHOLD=0, **settings) as running:
        yield running


@pytest.fixture
def ada(desk: Server) -> Iterator[httpx.Client]:
    with as_user(desk, "ada") as client:
        yield client


@pytest.fixture
def bob(desk: Server) -> Iterator[httpx.Client]:
    with as_user(desk, "bob") as client:
        yield client


def socket(desk: Server, **headers: str) -> ClientConnection:
    return connect(f"{desk.url.replace('http', 'ws', 1)}/ws/ai/stream", additional_headers=headers, proxy=None)


def test_a_key_is_made_once_and_only_its_hash_is_kept() -> None:
    command = [sys.executable, "-m", "backend.users", "ada"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT).stdout
    key, entry = re.findall(r": (\S+)$", said, re.MULTILINE)
    assert key not in entry
    assert users(entry).of_key(key).id == "ada"
    assert users(entry).of_key(key).operator, "the only user has to be"


@pytest.mark.parametrize(
    ("text", "operators", "says"),
    [
        ("ada:hunter2", "", f"API_KEYS holds ada's key as plain text; write ada:sha256:{digest_of('hunter2')} instead"),
        ("ada:sha256:abc", "", "the hash of ada's key is not 64"),
        ("hunter2", "", "each entry is name:sha256:<hash>"),
        ("a/b:sha256:" + "0" * 64, "", "each entry is name:sha256:<hash>"),
        (keys("ada") + "," + keys("ada").replace("ada", "bob"), "", "gives ada and bob the same key"),
        (keys("ada", "bob"), "ada,eve", "OPERATORS names eve, who has no key"),
        (" , ", "", "API_KEYS is set but names nobody"),
        (" ", "", "API_KEYS is set but names nobody"),
    ],
)
def test_keys_that_cannot_be_are_refused_with_what_to_write(text: str, operators: str, says: str) -> None:
    with pytest.raises(SettingsInvalid, match=re.escape(says)):
        users(text, operators)


def test_without_keys_whoever_asks_is_the_one_user() -> None:
    assert users("").of_key(None) is users("").of_key("anything") is LOCAL


def test_a_desk_with_keys_may_listen_anywhere() -> None:
    settings = Settings.model_construct(host="0.0.0.0", api_keys=SecretStr(keys("ada")))
    check_address(settings)
    assert Users(settings).of_key(key_of("ada")).id == "ada"


@pytest.mark.parametrize("header", [{}, {"authorization": "Bearer fd-wrong"}, {"x-api-key": "k\xff"}])
@pytest.mark.parametrize(("method", "path"), doors())
def test_every_door_wants_a_key(desk: Server, method: str, path: str, header: dict[str, str]) -> None:
    with desk.client() as client:
        given = {name.encode(): value.encode("latin-1") for name, value in header.items()}
        refused = client.request(method, path.replace("{", "").replace("}", ""), headers=given)
    assert refusal(refused) == (401, "key_refused")
    assert refused.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", sorted(OPEN))
def test_these_doors_are_open(desk: Server, path: str) -> None:
    with desk.client() as client:
        assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    "header", [("Authorization", "Bearer {}"), ("authorization", "bearer  {}"), ("X-API-Key", "{}")]
)
def test_a_key_is_taken_either_way(desk: Server, header: tuple[str, str]) -> None:
    sent = {header[0]: header[1].format(key_of("ada"))}
    with desk.client(headers=sent) as client:
        assert client.get("/api/threads").status_code == 200
    with socket(desk, **sent) as opened:
        opened.send('{"type": "ping"}')
        assert orjson.loads(opened.recv()) == {"type": "pong"}


@pytest.mark.parametrize("header", [{}, {"X-API-Key": "fd-wrong"}])
def test_a_socket_wants_a_key_too(desk: Server, header: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refused, socket(desk, **header):
        pass
    assert refused.value.response.status_code == 401


def of_a_run(run: dict[str, Any]) -> list[tuple[str, str, dict[str, Any] | None]]:
    """Every way to a run and its conversation."""
    run_id, thread = run["id"], run["thread_id"]
    return [
        ("GET", f"/runs/{run_id}", None),
        ("GET", f"/runs/{run_id}/stream", None),
        ("POST", f"/runs/{run_id}/cancel", None),
        ("POST", f"/runs/{run_id}/feedback", {"rating": "up"}),
        ("POST", f"/agent/cancel/{run_id}", None),
        ("GET", f"/api/threads/{thread}", None),
        ("PATCH", f"/api/threads/{thread}", {"title": "mine"}),
        ("POST", f"/api/threads/{thread}/restore", None),
        ("GET", f"/api/threads/{thread}/export", None),
        ("GET", f"/api/agents/supervisor/threads/{thread}", None),
        ("DELETE", f"/api/agents/supervisor/threads/{thread}?hard_delete=true", None),
        ("DELETE", f"/api/threads/{thread}?hard_delete=true", None),
        ("POST", "/api/handovers", {"contact": "me", "thread_id": thread}),
        ("POST", "/chat", {"message": REFUNDS, "thread_id": thread}),
        ("POST", "/chat/stream", {"message": REFUNDS, "thread_id": thread}),
    ]


def test_what_is_anothers_is_answered_as_what_is_not_there(ada: httpx.Client, bob: httpx.Client) -> None:
    run = ada.get(f"/runs/{begin(ada, HELD, words=3)}").json()
    nowhere = {"id": str(uuid.uuid4()), "thread_id": str(uuid.uuid4())}
    for mine, (method, path, body) in zip(of_a_run(nowhere), of_a_run(run), strict=True):
        other = bob.request(method, path, json=body)
        none = bob.request(mine[0], mine[1], json=mine[2])
        shown = other.text.replace(run["id"], nowhere["id"]).replace(run["thread_id"], nowhere["thread_id"])
        assert (other.status_code, shown) == (404, none.text), path
    assert ada.get(f"/runs/{run['id']}").json()["status"] == "in_progress"
    assert ada.post(f"/runs/{run['id']}/cancel").json()["status"] == "cancelling"
    assert follow(ada, run["id"])[-1]["type"] == "cancelled"


def test_lists_counts_and_searches_hold_nothing_of_anybody_else(desk: Server, ada: httpx.Client) -> None:
    with as_user(desk, "olga") as olga:
        before = olga.get("/api/threads?status=all").json()["total"]
        ada.post("/chat", json={"message": "Refunds of the Zanzibar invoice? 2 tokens"}).raise_for_status()
        assert ada.get("/api/threads?search=zanzibar").json()["total"] == 1
        assert olga.get("/api/threads?search=zanzibar").json()["threads"] == []
        assert olga.get("/api/threads?status=all").json()["total"] == before
        assert olga.get("/api/agents/supervisor/threads?status=all").json()["total"] == before


def test_hand_overs_are_their_users_and_the_operators(desk: Server, ada: httpx.Client, bob: httpx.Client) -> None:
    ada.post("/chat", json={"message": "I want to talk to a human"}).raise_for_status()
    (waiting,) = ada.get("/api/handovers").json()["handovers"]
    assert bob.get("/api/handovers").json()["total"] == 0
    assert refusal(bob.get(f"/api/handovers/{waiting['id']}")) == (404, "handover_not_found")
    for client in (ada, bob):
        assert refusal(client.post(f"/api/handovers/{waiting['id']}/resolve", json={})) == (403, "not_allowed")
        assert refusal(client.get("/api/unanswered")) == (403, "not_allowed")
    with as_user(desk, "olga") as olga:
        assert waiting in olga.get("/api/handovers").json()["handovers"]


def test_documents_are_their_users_or_everybodys(desk: Server, ada: httpx.Client, bob: httpx.Client) -> None:
    def add(client: httpx.Client, path: str) -> str:
        form = {"folder": "billing", "path": path}
        return str(
            client.post(
                "/api/documents", files={"file": b"# Vouchers\n\nA voucher is valid for a year.\n"}, data=form
            ).json()["id"]
        )

    def paths(client: httpx.Client) -> set[str]:
        return {document["path"] for document in client.get("/api/documents").json()["documents"]}

    with as_user(desk, "olga") as olga:
        own, shared = add(ada, "own.md"), add(olga, "shared.md")
        assert "own.md" in paths(ada)
        assert "own.md" not in paths(bob) | paths(olga)
        assert "shared.md" in paths(ada) & paths(bob)
        for client, document in ((bob, own), (bob, shared), (ada, shared)):
            assert refusal(client.delete(f"/api/documents/{document}")) == (404, "document_not_found")
        assert ada.delete(f"/api/documents/{own}").status_code == 200


def test_documents_of_ones_own_have_a_limit_that_replacing_does_not_touch(desk: Server) -> None:
    def put(client: httpx.Client, name: str) -> httpx.Response:
        file = {"file": (name, b"# Mine\n\nOnly mine.")}
        return client.post("/api/documents", data={"folder": "billing", "path": name}, files=file)

    with as_user(desk, "carl") as carl, as_user(desk, "olga") as operator:
        taken = [put(carl, f"{number}.md").status_code for number in range(3)]
        again, over = put(carl, "0.md"), put(carl, "3.md")
        everybodys = put(operator, "3.md")
        mine = [one["id"] for one in carl.get("/api/documents").json()["documents"] if one["title"] == "Mine"]
        for document in mine:
            (operator if document == everybodys.json()["id"] else carl).delete(f"/api/documents/{document}")
    assert taken == [200, 200, 200]
    assert again.status_code == 200
    assert refusal(over) == (409, "too_many_documents")
    assert everybodys.status_code == 200


def test_one_session_name_is_two_users_two_conversations(ada: httpx.Client, bob: httpx.Client) -> None:
    body = {"message": REFUNDS, "session_id": "the-same"}
    first, second, third = (client.post("/chat", json=body).json() for client in (ada, bob, ada))
    assert first["thread_id"] == third["thread_id"] != second["thread_id"]
    assert bob.get(f"/api/threads/{second['thread_id']}").json()["messages"] == 2


def test_a_socket_stops_nothing_of_anybody_else(desk: Server, ada: httpx.Client) -> None:
    run_id = begin(ada, HELD, words=1)
    with socket(desk, **{"X-API-Key": key_of("bob")}) as opened:
        opened.send(orjson.dumps({"type": "cancel", "generation_id": run_id}).decode())
        assert orjson.loads(opened.recv())["error"]["code"] == "run_not_found"
    assert ada.get(f"/runs/{run_id}").json()["status"] == "in_progress"
    ada.post(f"/agent/cancel/{run_id}").raise_for_status()
