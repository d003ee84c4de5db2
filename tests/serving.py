"""A real desk in a process of its own, for tests that need a port, a signal or a crash."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.template import Forked

ROOT = Path(__file__).parent.parent
_START_SECONDS = 240
# Desks speak plain HTTP here; otherwise each client would read every certificate of this machine.
_PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass
class Server:
    """A running desk."""

    url: str
    port: int
    data_dir: Path
    process: Forked | subprocess.Popen[bytes]

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False, verify=_PLAIN, **options)

    def kill(self) -> None:
        """Kill the process so that no handler runs, as in a power cut."""
        self.process.kill()
        self.process.wait()

    def interrupt(self) -> int:
        """Send SIGTERM, as a service manager does, and return the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


def free_port() -> int:
    """Return a port that is not in use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(data_dir: Path, port: int, **settings: object) -> dict[str, str]:
    """Return the environment of a desk, without any settings of this machine."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}  # noqa: TID251
    own = {"DATA_DIR": str(data_dir), "PORT": str(port), "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    # Otherwise the AWS SDK would query the metadata service, which is not on this machine.
    own["AWS_EC2_METADATA_DISABLED"] = "true"
    return kept | own | {name: str(value) for name, value in settings.items()}


@contextmanager
def serve(data_dir: Path, module: str = "backend", **settings: object) -> Iterator[Server]:
    """Start a desk over a data directory and wait until it answers; kill it at the end if it still runs."""
    port = int(str(settings.get("PORT") or free_port()))
    log = data_dir.parent / f"{data_dir.name}-server.log"
    process = Forked(module, environment(data_dir, port, **settings), data_dir.parent, log)
    with _served(Server(f"http://127.0.0.1:{port}", port, data_dir, process), log) as server:
        yield server


@contextmanager
def serve_alone(data_dir: Path, module: str = "backend", **settings: object) -> Iterator[Server]:
    """Start a desk in a fresh process, as users do, so that what is measured shares nothing with the tests."""
    port = int(str(settings.get("PORT") or free_port()))
    log = data_dir.parent / f"{data_dir.name}-server.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            env=environment(data_dir, port, **settings),
            stdout=output,
            stderr=output,
            cwd=data_dir.parent,
        )
    with _served(Server(f"http://127.0.0.1:{port}", port, data_dir, process), log) as server:
        yield server


@contextmanager
def _served(server: Server, log: Path) -> Iterator[Server]:
    try:
        _wait_until_ready(server, log)
        yield server
    finally:
        if server.process.poll() is None:
            server.kill()


def _wait_until_ready(server: Server, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise AssertionError(f"the desk ended with {server.process.returncode}:\n{log.read_text()}")
        try:
            with server.client() as client:
                client.get("/").raise_for_status()
            return
        except httpx.TransportError:
            time.sleep(0.05)  # polls for a condition; the deadline above bounds it
    raise AssertionError(f"the desk did not answer within {_START_SECONDS} s:\n{log.read_text()}")
