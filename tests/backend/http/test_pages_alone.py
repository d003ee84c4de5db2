"""The pages in one process and the desk in another: what is served where, and that none is opened beside the pages."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from backend.settings import Settings
from tests import commands
from tests.backend.asking import refusal
from tests.backend.http.test_pages import STRANGER, opened
from tests.serving import Server, environment, serve


class Two(NamedTuple):
    """Both processes."""

    desk: Server
    pages: Server


@pytest.fixture(scope="module")
def two(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    base = tmp_path_factory.mktemp("alone")
    data = Path(shutil.copytree(indexed, base / "desk" / "data"))
    with (
        serve(data) as desk,
        serve(base / "data", "tests.with_pages", API_URL=desk.url) as pages,
    ):
        yield Two(desk, pages)


def test_the_pages_are_served_and_their_socket_answers(two: Two) -> None:
    with two.pages.client() as client:
        page = client.get("/")
        assert page.headers["content-type"].startswith("text/html")
        assert page.headers["content-security-policy"]
    with opened(two.pages, origin=two.pages.url) as talking:
        assert str(talking.recv(timeout=10)).startswith("0{")
    for stranger in (STRANGER, two.desk.url):
        with pytest.raises(InvalidStatus), opened(two.pages, origin=stranger):
            pass


def test_what_is_served_where_is_told(two: Two) -> None:
    with two.pages.client() as client:
        assert client.get("/health").json() == {"status": "ok", "serves": "pages"}
        assert refusal(client.post("/chat", json={"message": "Hello?"})) == (404, "not_found")
        assert client.get("/health", headers={"origin": STRANGER}).status_code == httpx.codes.FORBIDDEN
    with two.desk.client() as client:
        assert "agents" in client.get("/health").json()


def test_no_desk_is_opened_beside_the_pages(two: Two) -> None:
    assert not two.pages.data_dir.exists()


def test_the_pages_end_when_they_are_told_to(two: Two, tmp_path: Path) -> None:
    with (
        serve(tmp_path / "data", "tests.with_pages", API_URL=two.desk.url) as pages,
        opened(pages, origin=pages.url) as talking,
    ):
        talking.recv(timeout=10)
        assert pages.interrupt() == 0


def test_the_samples_are_not_indexed_for_a_desk_elsewhere(tmp_path: Path) -> None:
    env = environment(tmp_path / "data", 8000, API_URL="http://desk.example:8000")
    run = commands.run("index_documents", "--samples", env=env, cwd=tmp_path)
    assert run.returncode == 0
    assert run.stdout == "The desk is at http://desk.example:8000, as API_URL says; the samples are left out here.\n"
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("own", ["", "http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"])
def test_an_address_of_its_own_is_not_elsewhere(own: str) -> None:
    assert Settings(api_url=own).remote_desk_url == ""
    assert Settings(api_url=own, port=8001).remote_desk_url == own
