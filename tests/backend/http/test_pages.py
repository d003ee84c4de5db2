"""The web desk's pages as a browser is told to treat them, their socket, and what strangers get of both."""

import base64
import hashlib
import http.client
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.backend.asking import keys, refusal
from tests.serving import ROOT, Server, serve

PAGES = ROOT / ".web" / "build" / "client"
EVENTS = "/_event/?token=page-of-somebody&EIO=4&transport=websocket"
INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.+?)</script>", re.DOTALL)
STRANGER = "http://evil.example"


@pytest.fixture(scope="module", params=["", keys("ann")], ids=["open", "keyed"])
def desk(request: pytest.FixtureRequest, indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A desk with its pages, without keys and with them."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("pages") / "data"))
    with serve(data, "tests.with_pages", API_KEYS=request.param) as running:
        yield running


@pytest.fixture
def client(desk: Server) -> Iterator[httpx.Client]:
    with desk.client() as opened:
        yield opened


def opened(desk: Server, path: str = EVENTS, **headers: str) -> AbstractContextManager[ClientConnection]:
    """A socket to the desk, whatever the headers say that it is."""
    reached = socket.create_connection(("127.0.0.1", desk.port))
    address = f"ws://{headers.pop('host', f'127.0.0.1:{desk.port}')}{path}"
    return connect(address, sock=reached, additional_headers=headers, proxy=None)


@pytest.mark.parametrize(
    "path", ["/", "/c/anything", "/desk/desk.css", "/desk/icon.svg", "/c/a/b", "/assets/nothing.js"]
)
def test_pages_and_files_carry_the_headers_that_guard_them(client: httpx.Client, path: str) -> None:
    served = client.get(path)
    policy = dict(part.split(" ", 1) for part in served.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in policy["script-src"]
    assert policy["connect-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "http" not in served.headers["content-security-policy"]
    assert served.headers["x-content-type-options"] == "nosniff"
    assert served.headers["x-frame-options"] == "DENY"
    assert served.headers["referrer-policy"] == "no-referrer"


def test_the_policy_lets_every_script_in_the_pages_run_and_no_other(client: httpx.Client) -> None:
    allowed = set(re.findall(r"'sha256-([^']+)'", client.get("/").headers["content-security-policy"]))
    scripts = {script for page in PAGES.rglob("*.html") for script in INLINE.findall(page.read_text(encoding="utf-8"))}
    assert len(scripts) > 1
    assert allowed == {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts}


def test_no_page_asks_for_anything_elsewhere() -> None:
    named = [re.findall(r'(?:src|href)="(?:[a-z]+:)?//[^"]+"', page.read_text()) for page in PAGES.rglob("*.html")]
    assert named
    assert [one for of_page in named for one in of_page] == []


def test_what_is_no_page_is_answered_as_by_the_api_alone(client: httpx.Client) -> None:
    assert refusal(client.get("/nothing")) == (404, "not_found")
    assert refusal(client.get("/_upload")) == (404, "not_found")
    assert refusal(client.get("/_all_routes")) == (404, "not_found")
    assert refusal(client.get("/ping")) == (404, "not_found")
    assert refusal(client.put("/chat")) == (405, "method_not_allowed")
    for method in ("POST", "PUT", "DELETE"):
        assert refusal(client.request(method, "/")) == (405, "method_not_allowed")
        assert refusal(client.request(method, "/assets/x.js")) == (405, "method_not_allowed")


def test_the_desks_own_page_talks_to_its_socket(desk: Server) -> None:
    with opened(desk, origin=desk.url) as talking:
        assert str(talking.recv(timeout=10)).startswith("0{")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": STRANGER},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "http://[oops"},
        {"origin": "{own}.evil.example"},
        {"origin": "http://evil.example@127.0.0.1:{port}"},
        {"origin": STRANGER, "x-forwarded-host": "evil.example", "forwarded": "host=evil.example"},
        {"origin": STRANGER, "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https", "referer": "{own}/"},
    ],
)
def test_nobody_else_does(desk: Server, headers: dict[str, str]) -> None:
    told = {name: value.format(own=desk.url, port=desk.port) for name, value in headers.items()}
    with pytest.raises(InvalidStatus) as refused, opened(desk, **told):
        pass
    assert refused.value.response.status_code == 403
    with desk.client(headers=told) as stranger:
        polled = "/_event/?EIO=4&transport=polling"
        assert refusal(stranger.post(polled, content=b"40")) == (403, "origin_refused")
        if told:
            assert refusal(stranger.get(polled)) == (403, "origin_refused")


def test_who_comes_to_an_address_of_nothing(client: httpx.Client) -> None:
    for path in ("/nothing", "/nothing/at/all", "/chats"):
        person = client.get(path, headers={"accept": "text/html,*/*;q=0.8"})
        assert person.status_code == 404
        assert person.headers["content-type"].startswith("text/html")
        assert person.headers["x-frame-options"] == "DENY"
        assert refusal(client.get(path)) == (404, "not_found")
    asked = client.get("/chat", headers={"accept": "text/html"})
    assert refusal(asked) == (405, "method_not_allowed")
    assert refusal(client.post("/nothing", headers={"accept": "text/html"})) == (404, "not_found")


def test_a_socket_that_is_none_is_refused(desk: Server) -> None:
    for path in ("/", "/c/x", "/nothing", "/_nothing"):
        with pytest.raises((InvalidStatus, ConnectionClosed)), opened(desk, path, origin=desk.url) as talking:
            talking.recv(timeout=10)


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../../reflex.json",
        "/assets/%2e%2e/%2e%2e/%2e%2e/reflex.json",
        "/desk/..%2f..%2f..%2freflex.json",
        "/desk/%2e%2e%2f%2e%2e%2f%2e%2e%2freflex.json",
        "/desk/..%5c..%5c..%5creflex.json",
        "/desk//../../../reflex.json",
        "/c/../../../reflex.json",
        "//../../reflex.json",
        "/desk/%252e%252e/%252e%252e/reflex.json",
        "/assets/....//....//....//reflex.json",
        "/desk/%00../reflex.json",
        "/desk//etc/passwd",
        "/desk/..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    ],
)
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_no_path_leads_out_of_the_pages(desk: Server, path: str, accept: str) -> None:
    assert (ROOT / ".web" / "reflex.json").is_file()
    # A client that takes paths as they are.
    connection = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=10)
    connection.request("GET", path, headers={"accept": accept})
    answered = connection.getresponse()
    body = answered.read()
    connection.close()
    assert answered.status == 404
    assert b"project_hash" not in body
    assert b"root:" not in body


def test_no_answer_leads_to_a_host_that_the_visitor_names(desk: Server) -> None:
    for path in ("/desk", "/assets", "/c", "/c/x/", "//evil.example/..", "//evil.example", "/desk//evil.example"):
        connection = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=10)
        connection.request("GET", path, headers={"x-forwarded-host": "evil.example", "x-forwarded-proto": "https"})
        answered = connection.getresponse()
        body = answered.read()
        connection.close()
        assert "evil.example" not in str(answered.getheader("location", ""))
        assert b'="//evil.example' not in body


def test_the_log_does_not_tell_what_a_page_is_known_by(desk: Server) -> None:
    with opened(desk, origin=desk.url) as talking:
        talking.recv(timeout=10)
    with pytest.raises(InvalidStatus), opened(desk, origin=STRANGER):
        pass
    log = (desk.data_dir.parent / f"{desk.data_dir.name}-server.log").read_text()
    assert log.count("WebSocket /_event/?token=[hidden]&EIO=4") >= 2
    assert "page-of-somebody" not in log
