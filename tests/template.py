"""A fork server for the tests' desks that has already imported and loaded everything that each of them needs.

Imports take longer than the rest of a desk's start. Otherwise a forked desk behaves as if started by itself, which the
benchmarks and the tests of the commands do.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([f"{__package__}.imported"])


class Forked:
    """A forked process with the parts of the `subprocess.Popen` interface that the tests use."""

    def __init__(self, module: str, env: Mapping[str, str], cwd: Path, log: Path) -> None:
        self._process = _CONTEXT.Process(target=_run, args=(module, dict(env), str(cwd), str(log)), daemon=True)
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


def _run(module: str, env: dict[str, str], cwd: str, log: str) -> None:
    import torch

    from tests.imported import THREADS

    torch.set_num_threads(THREADS)
    os.environ.clear()  # noqa: TID251 - the child becomes a desk with its own environment
    os.environ.update(env)  # noqa: TID251
    os.chdir(cwd)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
