"""A test that fails once is named as flaky and fails no run; one that fails twice does."""

import subprocess
import sys
from pathlib import Path

from tests.serving import ROOT

FLAKY = """
from pathlib import Path


def test_that_fails_the_first_time():
    seen = Path(__file__).with_suffix(".seen")
    known = seen.exists()
    seen.touch()
    assert known


def test_that_holds():
    pass
"""
BROKEN = """
def test_that_fails():
    assert False
"""


def run(folder: Path, **files: str) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(text)
    command = [sys.executable, "-m", "tests.ci", "-n", "2", "--rootdir", ".", "-c", "pytest.ini", "."]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_what_passes_by_itself_fails_no_run_and_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, flaky=FLAKY)
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    assert last == "FLAKY, to be mended before anything else: test_flaky.py::test_that_fails_the_first_time"
    assert "test_flaky.py" in done.stdout.partition("The slowest files")[2]


def test_what_fails_twice_fails_the_run(tmp_path: Path) -> None:
    done = run(tmp_path, flaky=FLAKY, broken=BROKEN)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-2:] == [
        "FAILED TWICE: test_broken.py::test_that_fails",
        "FLAKY, to be mended before anything else: test_flaky.py::test_that_fails_the_first_time",
    ]


def test_a_run_without_tests_is_no_success(tmp_path: Path) -> None:
    assert run(tmp_path).returncode != 0
