"""The commands of this project, run to their end: forked from the tests' template, or started as users do."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.template import Forked

_SECONDS = 300

Done = subprocess.CompletedProcess[str]


def run(
    module: str, *arguments: object, env: Mapping[str, str], cwd: Path, before: Callable[[], object] | None = None
) -> Done:
    """Run `python -m module` without a terminal, forked from a process that has imported already what it needs."""
    given = [str(argument) for argument in arguments]
    with tempfile.TemporaryDirectory() as directory:
        output, errors = Path(directory, "output"), Path(directory, "errors")
        process = Forked(module, env, cwd, output, errors=errors, arguments=given, before=before)
        try:
            code = process.wait(_SECONDS)
        finally:
            process.kill()
        return Done([module, *given], code, output.read_text(), errors.read_text())


def run_alone(*command: object, env: Mapping[str, str], cwd: Path) -> Done:
    """Run what follows `python` in a process that shares nothing with the tests: each command at least once."""
    return subprocess.run(
        [sys.executable, *map(str, command)],
        env=env,
        cwd=cwd,
        capture_output=True,
        check=False,
        text=True,
        timeout=_SECONDS,
    )
