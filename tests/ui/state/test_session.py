"""What every page of the web desk is told, whichever page it is."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backend.http.page_socket import handler, opened
from tests.serving import Server, serve
from ui.runtime import identity

SAID = "what went wrong on this page"


@pytest.fixture(scope="module")
def desk(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("session") / "data"))
    with serve(data, "tests.with_pages") as running:
        yield running


def test_an_error_stays_when_the_agents_are_loaded(desk: Server) -> None:
    def names_agents(frame: str) -> bool:
        return '"names_rx_state_":{"' in frame.replace(" ", "")

    with opened(desk, cookie=identity.new_cookie()) as page:
        page.hydrate()
        # The page loads them when it opens.
        page.until(names_agents)
        page.call(handler("session", "show_trouble"), message=SAID)
        page.until(lambda frame: SAID in frame)
        page.call(handler("session", "load_agents"))
        page.until(names_agents)
        assert page.told["trouble"] == SAID
