"""A process from which the tests' desks and commands are forked, with all that each would import and load first.

That takes a desk longer than everything else it does at its start. What it does after that is the same as if it were
started by itself, which the benchmarks do, and one test of each command.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([f"{__package__}.imported"])


class Forked:
    """A process as `subprocess.Popen` shows it, as far as the tests look."""

    def __init__(
        self,
        module: str,
        env: Mapping[str, str],
        cwd: Path,
        log: Path,
        *,
        errors: Path | None = None,
        arguments: Sequence[str] = (),
        before: Callable[[], object] | None = None,
    ) -> None:
        """Run a module as `python -m` does; what it prints goes to `log`, its errors elsewhere where that is given.

        `before` is called in the new process first.
        """
        run = _Run(module, tuple(arguments), dict(env), cwd, log, errors or log, before)
        self._process = _CONTEXT.Process(target=run, daemon=True)
        self._process.start()
        self.pid = self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        """As of a process that has ended."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """How it ended, if it has."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """How it ended, once it has."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("desk", timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """To a process that still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """As a service manager does."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """As a power cut does."""
        self.send_signal(signal.SIGKILL)


@dataclass(frozen=True)
class _Run:
    """What the new process does."""

    module: str
    arguments: tuple[str, ...]
    env: dict[str, str]
    cwd: Path
    output: Path
    errors: Path
    before: Callable[[], object] | None

    def __call__(self) -> None:
        import torch

        from tests.imported import THREADS

        torch.set_num_threads(THREADS)
        os.environ.clear()  # noqa: TID251 - it becomes another process
        os.environ.update(self.env)  # noqa: TID251
        os.chdir(self.cwd)
        for descriptor, path in ((1, self.output), (2, self.errors)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), descriptor)
        if self.before:
            self.before()
        sys.argv = [self.module, *self.arguments]
        # It says that the module was imported before, which is what this process is for.
        warnings.filterwarnings("ignore", category=RuntimeWarning, module="runpy")
        runpy.run_module(self.module, run_name="__main__", alter_sys=True)
