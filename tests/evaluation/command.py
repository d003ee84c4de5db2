"""The evaluation command, and labelled files for it."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests import commands
from tests.commands import Done
from tests.serving import environment


def run(tmp_path: Path, *options: object) -> Done:
    """What it prints, and how it ends."""
    return commands.run("evaluation", *options, env=environment(tmp_path / "data", 1), cwd=tmp_path)


def run_alone(tmp_path: Path, *options: object) -> Done:
    """The same, of a command that was started by itself."""
    env = environment(tmp_path / "data", 1, OMP_NUM_THREADS=1)
    return commands.run_alone("-m", "evaluation", *options, env=env, cwd=tmp_path)


def figures(done: Done) -> dict[str, Any]:
    """The one object of `--json`, which is all that is printed."""
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert isinstance(told, dict)
    return told


def refusal(done: Done) -> str:
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
