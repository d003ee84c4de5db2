"""Whose page it is: a token that somebody read in a log is worth nothing without the cookie of its browser."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.backend.http.page_socket import PageWithoutBrowser, handler, opened, reopened
from tests.serving import Server, serve
from ui.runtime import identity

SAID = "what the visitor of this page was told"


@pytest.fixture(scope="module")
def desk(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("tokens") / "data"))
    with serve(data, "tests.with_pages") as running:
        yield running


def told(page: PageWithoutBrowser) -> str:
    page.hydrate()
    return str(page.told["trouble"])


def begin(desk: Server, cookie: str) -> str:
    """The token of a page that has been told something, and lost its socket."""
    with opened(desk, cookie=cookie) as page:
        page.hydrate()
        page.call(handler("session", "show_trouble"), message=SAID)
        page.until(lambda frame: SAID in frame)
        return page.token


def test_the_same_browser_finds_its_page_again(desk: Server) -> None:
    cookie = identity.new_cookie()
    token = begin(desk, cookie)
    for _ in range(2):
        with reopened(desk, token, cookie) as page:
            assert told(page) == SAID


@pytest.mark.parametrize("cookie", ["", "x", "another"])
def test_nobody_else_does(desk: Server, cookie: str) -> None:
    token = begin(desk, identity.new_cookie())
    with opened(desk, token, identity.new_cookie() if cookie == "another" else cookie) as page:
        assert told(page) == ""


def test_a_stranger_does_not_disturb_the_page_that_is_open(desk: Server) -> None:
    cookie = identity.new_cookie()
    with opened(desk, cookie=cookie) as page:
        page.hydrate()
        with opened(desk, page.token, identity.new_cookie()) as stranger:
            assert told(stranger) == ""
            stranger.call(handler("session", "show_trouble"), message="of a stranger")
            stranger.until(lambda frame: "of a stranger" in frame)
            assert stranger.token == page.token
        page.call(handler("session", "show_trouble"), message=SAID)
        page.until(lambda frame: SAID in frame)
        assert told(page) == SAID


def test_a_tab_that_was_duplicated_has_a_page_of_its_own_that_it_finds_again(desk: Server) -> None:
    cookie = identity.new_cookie()
    with opened(desk, cookie=cookie) as page:
        token = page.token
        with opened(desk, token, cookie) as duplicate:
            assert duplicate.token != token
            assert told(duplicate) == ""
            duplicate.call(handler("session", "show_trouble"), message=SAID)
            duplicate.until(lambda frame: SAID in frame)
        assert told(page) == ""
    with reopened(desk, duplicate.token, cookie) as again:
        assert told(again) == SAID


def test_no_page_is_told_its_cookie(desk: Server) -> None:
    cookie = identity.new_cookie()
    with opened(desk, cookie=cookie) as page:
        page.hydrate()
        assert [frame for frame in page.frames if cookie in frame] == []


def given(reply: httpx.Response) -> str:
    """The value, once all that is to be said of it is right."""
    found = re.fullmatch(r"frontdesk_page=([\w-]{43}); Path=/; HttpOnly; SameSite=Lax", reply.headers["set-cookie"])
    assert found, reply.headers["set-cookie"]
    return found[1]


def test_a_browser_gets_its_cookie_with_its_first_page_and_keeps_it(desk: Server) -> None:
    with desk.client() as client, desk.client() as other:
        value = given(client.get("/"))
        # Where the address redirects, the page that follows brings it.
        assert value != given(other.get("/knowledge", follow_redirects=True))
        assert client.cookies["frontdesk_page"] == value
        kept = client.get("/")
        assert "set-cookie" not in kept.headers
        assert "set-cookie" not in client.get("/health").headers
    with desk.client() as client:
        assert client.get("/").headers["cache-control"] == "private, no-cache"
    with desk.client() as client:
        # Files are the same for everybody, and may be kept by a proxy.
        assert "set-cookie" not in client.get("/desk/desk.css").headers
    with desk.client(headers={"cookie": "frontdesk_page=x"}) as client:
        assert given(client.get("/"))


def test_it_is_sent_over_tls_alone_where_a_trusted_proxy_speaks_it(desk: Server) -> None:
    with desk.client(headers={"x-forwarded-proto": "https"}) as client:
        assert client.get("/").headers["set-cookie"].endswith("; Secure")


def test_a_stranger_on_the_network_cannot_say_that_it_is_tls(indexed: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(indexed, tmp_path / "data"))
    with (
        serve(data, "tests.with_pages", FORWARDED_ALLOW_IPS="192.0.2.1") as desk,
        desk.client(headers={"x-forwarded-proto": "https"}) as client,
    ):
        assert given(client.get("/"))


def test_a_socket_without_cookie_is_given_one_that_holds(desk: Server) -> None:
    """As where a browser still has the page from before."""
    with opened(desk) as page:
        page.hydrate()
        page.call(handler("session", "show_trouble"), message=SAID)
        page.until(lambda frame: SAID in frame)
        response = page.socket.response
        assert response is not None
        cookie = response.headers["set-cookie"].split("=", 1)[1].split(";")[0]
    with reopened(desk, page.token, cookie) as again:
        assert told(again) == SAID


def test_a_file_that_is_sent_with_a_strangers_token_does_not_reach_their_page(desk: Server) -> None:
    cookie, receive = identity.new_cookie(), handler("uploads", "receive_files")
    with opened(desk, cookie=cookie) as page, desk.client() as client:
        page.hydrate()
        headers = {"reflex-client-token": page.token, "reflex-event-handler": receive, "origin": desk.url}
        file = {"files": ("notes.md", b"# Notes\n\nOf a stranger.", "text/markdown")}
        client.post("/_upload", headers=headers | {"cookie": f"frontdesk_page={identity.new_cookie()}"}, files=file)
        page.settle()
        assert [frame for frame in page.frames if "notes.md" in frame] == []
        client.post("/_upload", headers=headers | {"cookie": f"frontdesk_page={cookie}"}, files=file)
        page.until(lambda frame: "notes.md" in frame)


@pytest.mark.parametrize("token", ["", "0f" * 16])
def test_a_page_is_known_by_both(token: str) -> None:
    ours, theirs = identity.new_cookie(), identity.new_cookie()
    assert identity.page_id(token, ours) == identity.page_id(token, ours)
    assert len({identity.page_id(token, ours), identity.page_id(token, theirs), identity.page_id("x", ours)}) == 3
