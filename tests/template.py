"""A process from which the tests' desks are forked, with all that each of them would import and load first.

That takes a desk longer than everything else it does at its start. What a desk does after that is the same as if it
were started by itself, which the benchmarks and the tests of the commands do.
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
    """A process as `subprocess.Popen` shows it, as far as the tests look."""

    def __init__(self, module: str, env: Mapping[str, str], cwd: Path, log: Path) -> None:
        self._process = _CONTEXT.Process(target=_run, args=(module, dict(env), str(cwd), str(log)), daemon=True)
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


def _run(module: str, env: dict[str, str], cwd: str, log: str) -> None:
    import torch

    from tests.imported import THREADS

    torch.set_num_threads(THREADS)
    os.environ.clear()  # noqa: TID251 - it becomes another process
    os.environ.update(env)  # noqa: TID251
    os.chdir(cwd)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
