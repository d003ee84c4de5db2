"""A fork server for the tests' desks and commands that has already imported and loaded everything that they need.

Imports take longer than the rest of a desk's start. Otherwise a forked desk or command behaves as if started by itself,
which the benchmarks do, and one test of each command.
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
    """A forked process with the parts of the `subprocess.Popen` interface that the tests use."""

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
        """Run a module as `python -m` does. Its output goes to `log`, and so do its errors unless `errors` is given.

        `before` is called in the new process first.
        """
        run = _Run(module, tuple(arguments), dict(env), cwd, log, errors or log, before)
        self._process = _CONTEXT.Process(target=run, daemon=True)
        self._process.start()
        self.pid = self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        """The exit status, or None while the process runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return the exit status, or None while the process runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit status."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("desk", timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal if the process still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM, as a service manager does."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL, as in a power cut."""
        self.send_signal(signal.SIGKILL)


@dataclass(frozen=True)
class _Run:
    """The work of the new process."""

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
        os.environ.clear()  # noqa: TID251 - the child becomes a process with its own environment
        os.environ.update(self.env)  # noqa: TID251
        os.chdir(self.cwd)
        for descriptor, path in ((1, self.output), (2, self.errors)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), descriptor)
        if self.before:
            self.before()
        sys.argv = [self.module, *self.arguments]
        # runpy warns of modules that are imported already, which is the purpose of the fork server.
        warnings.filterwarnings("ignore", category=RuntimeWarning, module="runpy")
        runpy.run_module(self.module, run_name="__main__", alter_sys=True)
