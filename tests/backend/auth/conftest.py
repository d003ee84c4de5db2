"""A desk with keys in its settings: of an operator, olga, and of a user, ada."""

import io
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.backend.asking import as_user, keys
from tests.serving import Server, serve


@pytest.fixture(scope="module")
def desk(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("access") / "data"))
    settings = {"API_KEYS": keys("ada", "olga"), "OPERATORS": "olga", "MAX_OWN_BYTES": "2000"}
    settings |= {"RATE_LIMIT": "", "KEY_RATE": "", "SEARCH_RATE": "", "UPLOAD_RATE": "", "HEARTBEAT_SECONDS": "0.2"}
    with serve(data, "tests.scripted", ANSWER_THRESHOLD=0, **settings) as running:
        yield running


@pytest.fixture
def olga(desk: Server) -> Iterator[httpx.Client]:
    with as_user(desk, "olga") as client:
        yield client


@pytest.fixture
def ada(desk: Server) -> Iterator[httpx.Client]:
    with as_user(desk, "ada") as client:
        yield client


@pytest.fixture
def archive() -> Callable[[str], bytes]:
    """A function that builds a zip archive of one document."""

    def packed(text: str) -> bytes:
        with io.BytesIO() as written, zipfile.ZipFile(written, "w") as made:
            made.writestr("note.md", f"# Note\n\n{text}\n")
            made.close()
            return written.getvalue()

    return packed
