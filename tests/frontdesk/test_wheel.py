"""The client as a package of its own: built, installed where nothing of the desk is, and used."""

import subprocess
import sys
import zipfile
from pathlib import Path
from shutil import copy, copytree

import pytest

from tests.serving import ROOT, Server

ASK = """
import importlib.util, sys
from frontdesk import AsyncDesk, Desk, ClientError
from frontdesk.contracts.events import EVENTS

assert not any(importlib.util.find_spec(name) for name in ("agents", "backend", "evaluation", "knowledge", "ui"))
with Desk(sys.argv[1]) as desk:
    print(desk.ask("How is customer data encrypted at rest?").answer)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of the wheel; its source has a package of the desk beside it."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    copytree(ROOT / "frontdesk", source / "frontdesk")
    copytree(ROOT / "agents", source / "agents")
    copy(ROOT / "pyproject.toml", source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", built, source], check=True, capture_output=True)
    (wheel,) = built.glob("frontdesk-*.whl")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(built / "site")
    return built / "site"


def test_it_holds_the_client_alone_and_its_types(installed: Path) -> None:
    assert {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")} == {"frontdesk"}
    assert (installed / "frontdesk" / "py.typed").is_file()
    (metadata,) = installed.glob("*.dist-info/METADATA")
    needs = [line for line in metadata.read_text().splitlines() if line.startswith("Requires-Dist:")]
    assert [need.split(": ")[1].split("<")[0].split(">")[0] for need in needs] == ["httpx", "pydantic"]


def test_it_asks_a_desk_where_nothing_of_the_desk_is(installed: Path, server: Server, tmp_path: Path) -> None:
    # Isolated: neither this folder nor the environment leads to the desk's own modules.
    start = f"import sys; sys.path.insert(0, {str(installed)!r})\n{ASK}"
    command = [sys.executable, "-I", "-c", start, server.url]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "AES-256" in done.stdout
