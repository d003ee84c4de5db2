"""The desk listens on the loopback address alone, answers its own address alone, and says what is wrong at start-up."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from backend.app import create_app
from backend.errors import BindFailed, BindRefused
from backend.http.request_guards import BodyLimit, check_address, check_port
from backend.settings import Settings
from tests import commands
from tests.serving import environment, free_port

REFUSED = [
    (
        "HOST",
        "0.0.0.0",
        "error: HOST=0.0.0.0 would open the desk to the network without authentication; use 127.0.0.1",
    ),
    ("PORT", "abc", "error: PORT=abc: Input should be a valid integer"),
    ("LOG_LEVEL", "loud", "error: LOG_LEVEL=loud: String should match pattern"),
    ("ANSWER_THRESHOLD", "2", "error: ANSWER_THRESHOLD=2: Input should be less than or equal to 1"),
    ("CATALOG", "nowhere", "error: there is no catalogue 'nowhere'"),
    ("WORKER_MODEL", "gpt-4o", "error: WORKER_MODEL: 'gpt-4o' is not a valid model; use bedrock:<model>"),
    ("SUPERVISOR_MODEL", "embedded,", "error: SUPERVISOR_MODEL: 'embedded,' names no model between two commas"),
    ("AI_SERVICE_URL", "localhost:8081", "error: AI_SERVICE_URL: 'localhost:8081' is no address of a model server"),
    ("BILLING_MODEL_URL", "localhost:8081", "error: BILLING_MODEL_URL: 'localhost:8081' is no address"),
]


def listening() -> socket.socket:
    """A program that has a port already."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    return taken


def start(directory: Path, **settings: str) -> commands.Done:
    env = environment(directory / "data", free_port()) | settings
    return commands.run("backend", env=env, cwd=directory)


@pytest.mark.parametrize(("name", "value", "reason"), REFUSED)
def test_a_setting_that_cannot_be_is_refused_with_its_reason(
    tmp_path: Path, name: str, value: str, reason: str
) -> None:
    ended = start(tmp_path, **{name: value})
    assert ended.returncode == 2
    assert ended.stderr.startswith(reason)
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.strip().split("\n")) == 1
    assert ended.stdout == ""
    assert not (tmp_path / "data").exists(), "nothing is opened or loaded before it is told"


def test_several_bad_settings_are_all_named(tmp_path: Path) -> None:
    said = start(tmp_path, PORT="70000", LOG_LEVEL="LOUD").stderr
    assert said.startswith("error: PORT=70000: ")
    assert "; LOG_LEVEL=LOUD: " in said
    assert said.strip().endswith("see .env.example")


def test_a_port_in_use_is_told_before_anything_is_opened(tmp_path: Path) -> None:
    with listening() as taken:
        port = taken.getsockname()[1]
        ended = start(tmp_path, PORT=str(port))
    assert (ended.returncode, ended.stdout) == (2, "")
    stop = "stop the program that listens there, or set PORT to another port"
    assert ended.stderr == f"error: PORT={port} is in use on 127.0.0.1; {stop}\n"
    assert not (tmp_path / "data").exists()


async def test_a_free_port_may_be_listened_on_again_and_again() -> None:
    settings = Settings.model_construct(host="localhost", port=free_port())
    await check_port(settings)
    await check_port(settings)


async def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    settings = Settings.model_construct(host="192.0.2.1", port=free_port())
    with pytest.raises(BindFailed, match=r"^HOST=192.0.2.1 cannot be listened on \(Cannot assign requested address\);"):
        await check_port(settings)


def is_refused(host: str) -> bool:
    try:
        check_address(Settings.model_construct(host=host))
    except BindRefused:
        return True
    return False


def test_the_loopback_address_may_be_listened_on() -> None:
    assert [host for host in ("127.0.0.1", "localhost", "::1") if is_refused(host)] == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.5", "desk.example", "127.0.0.1.evil.example"])
def test_any_other_address_is_refused(host: str) -> None:
    with pytest.raises(BindRefused, match=f"^HOST={host} would open the desk to the network without authentication"):
        check_address(Settings.model_construct(host=host))


@pytest.fixture
async def app() -> AsyncIterator[httpx.AsyncClient]:
    """The whole application; its home page needs no desk behind it."""
    transport = httpx.ASGITransport(create_app(Settings.model_construct()))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:8000"]
)
async def test_this_machines_own_names_are_answered(app: httpx.AsyncClient, host: str) -> None:
    for headers in ({"host": host}, {"host": host, "origin": f"http://{host}"}):
        assert (await app.get("/", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example:8000",
        "localhost@evil.example",
        "192.168.1.5:8000",
        "0.0.0.0:8000",
        "[::2]:8000",
        "[::ffff:127.0.0.1]:8000",
        "::1",
        "localhost.",
        ":8000",
        "",
    ],
)
async def test_a_name_that_is_not_this_machines_is_refused(app: httpx.AsyncClient, host: str) -> None:
    # A page whose own name was made to lead here sends that name, and an origin that matches it.
    for headers in ({"host": host}, {"host": host, "origin": f"http://{host}"}):
        refused = await app.get("/", headers=headers)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "origin_refused")


async def test_a_request_without_a_host_is_refused(app: httpx.AsyncClient) -> None:
    request = app.build_request("GET", "/")
    del request.headers["host"]
    assert (await app.send(request)).status_code == 403


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "https://evil.example",
        "http://localhost:8000",
        "http://127.0.0.1:9000",
        "http://127.0.0.1",
        "http://127.0.0.1:8000.evil.example",
        "http://127.0.0.1:8000@evil.example",
        "http://evil.example#127.0.0.1:8000",
        "127.0.0.1:8000",
        "file://",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
async def test_a_page_of_another_origin_is_refused(app: httpx.AsyncClient, method: str, origin: str) -> None:
    refused = await app.request(method, "/", headers={"origin": origin})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "origin_refused")
    assert refused.json()["error"]["retryable"] is False
    assert "access-control-allow-origin" not in refused.headers


async def test_no_page_is_told_that_it_may_read_the_desk(app: httpx.AsyncClient) -> None:
    answered = await app.get("/", headers={"origin": "http://127.0.0.1:8000"})
    assert answered.status_code == 200
    assert not [name for name in answered.headers if name.startswith("access-control")]


async def test_a_body_that_is_too_large_is_refused_by_what_it_says_or_by_what_it_is(app: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 100_000

    limit = Settings.model_construct().max_body_bytes
    declared = await app.post("/chat", content=b"x" * (limit + 1))
    undeclared = await app.post("/chat", content=endless())
    for refused in (declared, undeclared):
        assert (refused.status_code, refused.json()["error"]["code"]) == (413, "body_too_large")
        assert f"{limit:,} bytes" in refused.json()["error"]["message"]


async def test_whoever_reads_a_body_that_is_too_large_is_told_that_it_ends() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 10_000

    ended: list[str] = []

    async def reader(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async for _ in Request(scope, receive).stream():
                pass
        except ClientDisconnect:
            ended.append(scope["path"])
        await Response()(scope, receive, send)

    limited = BodyLimit(reader, body_bytes=1_000, document_bytes=5_000)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(limited), base_url="http://desk") as client:
        refused = [await client.post(path, content=endless()) for path in ("/chat", "/api/documents", "/_upload")]
    assert ended == ["/chat", "/api/documents", "/_upload"]
    limits = [reply.json()["error"]["message"] for reply in refused]
    assert limits == [f"The body is larger than {most} bytes." for most in ("1,000", "69,000", "1,380,000")]


@pytest.mark.parametrize("headers", [{"host": "[::1"}, {"origin": "http://[x"}])
async def test_malformed_addresses_are_refused(app: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert (await app.get("/", headers=headers)).status_code == 403


def test_a_desk_whose_directory_is_a_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a directory", encoding="utf-8")
    done = commands.run_alone("-m", "backend", env=environment(tmp_path / "data", free_port()), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: DATA_DIR=")
    assert "Traceback" not in done.stderr
