"""One build of the pages at a time, and none that breaks off changes what is tracked. Reflex's own part is played."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.serving import ROOT, environment

BOUND = 90  # seconds
# In place of Reflex: changes the lockfiles on its way, notes that it was asked to build, and waits to be let go on.
PLAYED = """
import signal
import time
from pathlib import Path
from ui import build

# Whoever runs the tests in the background has it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)

def export(**_):
    for file in build._LOCKFILES.iterdir():
        file.unlink()
    (build._LOCKFILES / "bun.lock").write_text("half of it")
    with Path("builds").open("a") as builds:
        builds.write("built ")
    while not Path("go on").exists():
        time.sleep(0.02)

build.export.export = export
build.frontend_skeleton.initialize_web_directory = lambda: Path(".web").mkdir(exist_ok=True)
build._patch_socket_url = lambda: None
build._npm_registry = lambda: "http://127.0.0.1:9"
build.main()
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """The sources of the pages, and nothing built."""
    for name in ("ui", "assets", "reflex.lock"):
        shutil.copytree(ROOT / name, tmp_path / "desk" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("rxconfig.py", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path / "desk")
    return tmp_path / "desk"


def begin(desk: Path) -> subprocess.Popen[bytes]:
    env = environment(desk / "data", 8000, PYTHONPATH=f"{desk}:{ROOT}", REFLEX_DIR=desk.parent / "reflex")
    return subprocess.Popen([sys.executable, "-c", PLAYED], cwd=desk, env=env)


def builds(desk: Path) -> list[str]:
    file = desk / "builds"
    return file.read_text().split() if file.exists() else []


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + BOUND
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)  # polls for a condition; the deadline above bounds it


def waits(process: subprocess.Popen[bytes]) -> bool:
    """Whether it stands in the queue for a lock that another process has."""
    return any(f" {process.pid} " in line for line in Path("/proc/locks").read_text().splitlines() if "->" in line)


def test_of_two_first_starts_one_waits_for_the_other(desk: Path) -> None:
    first = begin(desk)
    until(lambda: builds(desk))
    second = begin(desk)
    until(lambda: waits(second) or len(builds(desk)) > 1)
    (desk / "go on").touch()
    assert (first.wait(BOUND), second.wait(BOUND)) == (0, 0)
    assert builds(desk) == ["built"]
    assert (desk / "reflex.lock" / "bun.lock").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_build_that_is_interrupted_leaves_the_lockfiles_as_they_were(desk: Path, number: signal.Signals) -> None:
    note = desk / ".web" / "built"
    note.parent.mkdir()
    note.write_text("of other sources")
    before = {file.name: file.read_bytes() for file in (desk / "reflex.lock").iterdir()}
    building = begin(desk)
    until(lambda: builds(desk))
    building.send_signal(number)
    assert building.wait(BOUND) != 0
    assert {file.name: file.read_bytes() for file in (desk / "reflex.lock").iterdir()} == before
    # Half of what is there is of these sources: nobody may take it for the other ones.
    assert not note.exists()
    (desk / "go on").touch()
    shutil.rmtree(desk / ".web")
    assert begin(desk).wait(BOUND) == 0
    assert len(builds(desk)) == 2
