"""Web pages elsewhere: none may use the desk, but those that CORS_ORIGINS names."""

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest
from pydantic import SecretStr
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from backend.app import create_app
from backend.settings import Settings
from tests.backend.asking import keys
from tests.serving import Server, serve

NAMED = "https://desk.example"
STRANGER = "https://evil.example"


@pytest.fixture(scope="module")
def desk(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A desk without keys that a page elsewhere may use."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("cors") / "data"))
    with serve(data, CORS_ORIGINS=NAMED) as running:
        yield running


def preflight(client: httpx.Client, origin: str, **headers: str) -> httpx.Response:
    asked = {"origin": origin, "access-control-request-method": "POST", **headers}
    return client.options("/chat", headers=asked)


def test_a_named_page_may_ask_and_read(desk: Server) -> None:
    with desk.client() as client:
        names = "authorization,content-type,last-event-id,x-generation-id"
        allowed = preflight(client, NAMED, **{"access-control-request-headers": names})
        answered = client.post("/agent/generate", json={"task": "Where is data stored?"}, headers={"origin": NAMED})
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, NAMED)
    assert "access-control-allow-credentials" not in allowed.headers
    assert (answered.status_code, answered.headers["access-control-allow-origin"]) == (200, NAMED)
    assert "x-generation-id" in answered.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", [STRANGER, "null", f"{NAMED}.evil.example", "http://desk.example", f"{NAMED}:8443"])
def test_no_other_page_may(desk: Server, origin: str) -> None:
    with desk.client() as client:
        refusals = [
            preflight(client, origin),
            client.post("/chat", json={"message": "Hello"}, headers={"origin": origin}),
            client.get("/api/threads", headers={"origin": origin}),
        ]
    assert {refused.status_code for refused in refusals} == {403}
    assert not [name for refused in refusals for name in refused.headers if name.startswith("access-control-allow")]


@pytest.mark.parametrize("headers", [{"Origin": STRANGER}, {"Origin": "null"}, {"Host": "evil.example"}])
def test_a_socket_of_another_page_is_refused(desk: Server, headers: dict[str, str]) -> None:
    address = f"ws://{headers.get('Host', f'127.0.0.1:{desk.port}')}/ws/ai/stream"
    origin = {name: value for name, value in headers.items() if name == "Origin"}
    with (
        socket.create_connection(("127.0.0.1", desk.port)) as reached,
        pytest.raises(InvalidStatus) as refused,
        connect(address, sock=reached, additional_headers=origin, proxy=None),
    ):
        pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("headers", [{}, {"Origin": NAMED}])
def test_a_socket_of_a_named_page_or_of_none_is_served(desk: Server, headers: dict[str, str]) -> None:
    with connect(f"ws://127.0.0.1:{desk.port}/ws/ai/stream", additional_headers=headers, proxy=None) as opened:
        opened.send('{"type": "ping"}')
        assert orjson.loads(opened.recv()) == {"type": "pong"}


@pytest.mark.parametrize("origins", ["", NAMED])
async def test_with_keys_a_page_may_read_only_if_it_is_named(origins: str) -> None:
    settings = Settings.model_construct(api_keys=SecretStr(keys("ada")), cors_origins=origins)
    transport = httpx.ASGITransport(create_app(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.internal") as client:
        told = {
            origin: (await client.get("/", headers={"origin": origin})).headers.get("access-control-allow-origin")
            for origin in (NAMED, STRANGER)
        }
    assert told == {NAMED: origins or None, STRANGER: None}
