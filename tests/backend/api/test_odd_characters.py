"""Characters that reorder a text or hide in it: refused in names with their code, left out of what people write."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.backend.agents import SALES
from tests.serving import Server

POP, ZERO_WIDTH = "\u202c", "\u200b"
QUESTION = "How are refunds of duplicate charges paid?"


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as opened:
        yield opened


def _upload(client: httpx.Client, path: str = "odd.md", source: str = "upload") -> httpx.Response:
    data = {"folder": "billing", "path": path, "source": source}
    return client.post("/api/documents", files={"file": ("odd.md", b"# Odd\n\nThis is odd.\n")}, data=data)


def _thread(client: httpx.Client) -> str:
    return str(client.post("/chat", json={"message": QUESTION}).raise_for_status().json()["thread_id"])


NAMES: dict[str, Callable[[httpx.Client, str], httpx.Response]] = {
    "title": lambda client, odd: client.patch(f"/api/threads/{_thread(client)}", json={"title": f"Re{odd}funds"}),
    "agent name": lambda client, odd: client.post("/api/agents", json=SALES | {"name": f"Sa{odd}les"}),
    "agent id": lambda client, odd: client.post("/api/agents", json=SALES | {"id": f"sa{odd}les"}),
    "path": lambda client, odd: _upload(client, path=f"od{odd}d.md"),
    "source": lambda client, odd: _upload(client, source=f"up{odd}load"),
    "contact": lambda client, odd: client.post("/api/handovers", json={"contact": f"ada{odd}@example.org"}),
    "session": lambda client, odd: client.post("/chat", json={"message": QUESTION, "session_id": f"s{odd}1"}),
}


@pytest.mark.parametrize("odd", [POP, ZERO_WIDTH, "\u2028", "\x1b"])
@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_holds_one_is_refused(client: httpx.Client, name: str, odd: str) -> None:
    answer = NAMES[name](client, odd)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request"), answer.text
    if name not in ("agent id", "session"):
        assert f"U+{ord(odd):04X}" in answer.json()["error"]["message"]


def test_a_message_is_kept_without_them(client: httpx.Client) -> None:
    run = client.post("/chat", json={"message": f"\u202eHow are re{ZERO_WIDTH}funds{POP} of duplicate charges paid?"})
    thread = client.get(f"/api/threads/{run.json()['thread_id']}").json()
    assert thread["history"][0]["content"] == QUESTION
    assert thread["title"] == QUESTION


def test_a_message_keeps_what_scripts_and_emoji_need(client: httpx.Client) -> None:
    message = "Refunds? می\u200cخواهم \U0001f469\u200d\U0001f4bb"
    run = client.post("/chat", json={"message": message}).raise_for_status()
    assert client.get(f"/api/threads/{run.json()['thread_id']}").json()["history"][0]["content"] == message


@pytest.mark.parametrize("message", [ZERO_WIDTH, f" {POP}\u2060 ", "\u3164", "\u200d\ufe0f"])
def test_a_message_that_shows_nothing_is_empty(client: httpx.Client, message: str) -> None:
    answer = client.post("/chat", json={"message": message})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "message_invalid")
    assert "empty" in answer.json()["error"]["message"]


def test_what_is_told_a_person_is_kept_without_them(client: httpx.Client) -> None:
    wish = {"contact": "ada@example.org", "message": f"I was{ZERO_WIDTH} charged\u202e twice."}
    assert client.post("/api/handovers", json=wish).raise_for_status().json()["message"] == "I was charged twice."


def test_an_agent_s_prompt_is_kept_without_them(client: httpx.Client) -> None:
    made = client.post("/api/agents", json=SALES | {"prompt": f"You{ZERO_WIDTH} sell.\u202e"}).raise_for_status()
    client.delete("/api/agents/sales").raise_for_status()
    assert made.json()["prompt"] == "You sell."


def test_a_document_s_title_is_kept_without_them(client: httpx.Client) -> None:
    data = {"folder": "billing", "path": "odd.md"}
    file = {"file": ("odd.md", "# O\u200bd\u202ed\u200e\n\nThis is odd.\n".encode())}
    stored = client.post("/api/documents", files=file, data=data).raise_for_status().json()
    client.delete(f"/api/documents/{stored['id']}").raise_for_status()
    assert stored["title"] == "Odd"


@pytest.mark.parametrize(
    "path",
    ["/api/threads/a%00", "/runs/a%00b", "/api/documents/%00", "/api/handovers/%00", "/api/people/a%00/documents"],
)
@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_an_address_with_a_nul_names_nothing(client: httpx.Client, path: str, method: str) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("query", ["agent=%00", "search=a%00b", "session=%00", "folder=%00", "after=%00"])
@pytest.mark.parametrize("path", ["/api/threads", "/api/documents"])
def test_a_query_with_a_nul_is_refused(client: httpx.Client, path: str, query: str) -> None:
    answer = client.get(f"{path}?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


@pytest.mark.parametrize("odd", ["\x00", "\ud800"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/chat", {"message": "Refunds{}?"}),
        ("/chat", {"message": QUESTION, "thread_id": "a{}"}),
        ("/api/handovers", {"contact": "ada@example.org", "thread_id": "a{}"}),
    ],
)
def test_a_body_with_what_no_database_takes_is_refused(
    client: httpx.Client, path: str, body: dict[str, Any], odd: str
) -> None:
    # Escaped to ASCII, as a client may send it.
    answer = client.post(path, content=json.dumps(body).replace("{}", json.dumps(odd)[1:-1]))
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("path", ["x" * 256, "a/" * 500 + "b.md", "x" * 60_000])
def test_a_path_that_is_too_long_is_refused(client: httpx.Client, path: str) -> None:
    assert _upload(client, path=path).status_code == 422
    assert _upload(client, source=path).status_code == 422


def test_a_name_in_an_archive_may_not_be_longer(client: httpx.Client) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{'x' * 60_000}.md", "# Long\n\nThis is long.\n")
    data = {"folder": "billing", "path": "long.zip"}
    begun = client.post("/api/documents/archives", files={"file": ("long.zip", packed.getvalue())}, data=data)
    with client.stream("GET", f"/runs/{begun.raise_for_status().json()['run_id']}/stream") as stream:
        told = stream.read().decode()
    assert "must not be longer than 1,000 characters" in told
