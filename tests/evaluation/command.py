"""The evaluation command in a process of its own, and labelled files for it."""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.serving import environment


def run(tmp_path: Path, *options: object, **settings: object) -> subprocess.CompletedProcess[str]:
    """What it prints, and how it ends."""
    return subprocess.run(
        [sys.executable, "-m", "evaluation", *map(str, options)],
        capture_output=True,
        text=True,
        env=environment(tmp_path / "data", 1, OMP_NUM_THREADS=1, **settings),
        timeout=120,
        cwd=tmp_path,
        check=False,
    )


def figures(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The one object of `--json`, which is all that is printed."""
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert isinstance(told, dict)
    return told


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that says what is wrong."""
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.strip().split("\n")) == 1
    return done.stderr


def write_lines(path: Path, objects: Iterable[Mapping[str, Any]]) -> Path:
    """A file of JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(one) + "\n" for one in objects), encoding="utf-8")
    return path
