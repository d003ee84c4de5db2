"""The process of a local model: llama.cpp behind a port of this machine, until the desk's end of the pipe is closed.

Run as a file by `agents.models.local.server`, so that nothing of the desk is imported. The first line of its input says
what to serve; its output is one line, with the port, once the model is loaded.
"""

import json
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

# llama.cpp's own limit on the prompts it remembers is 8 GiB.
_CACHE_MIB = 256
_NICENESS = 5


def main() -> None:
    """Serve one model until the desk is gone."""
    # llama.cpp prints to the output too, which is the desk's to read.
    report = os.dup(1)
    os.dup2(2, 1)
    order = json.loads(sys.stdin.readline())
    gone = threading.Thread(target=_end_with_desk, daemon=True)
    gone.start()
    _yield_to_desk()
    server = _serve(order)
    os.write(report, f"{urlsplit(server.listening_address).port}\n".encode())
    gone.join()


def _end_with_desk() -> None:
    """End this process when its input ends, which it does however the desk's process ends."""
    sys.stdin.read()
    os._exit(0)


def _yield_to_desk() -> None:
    """Let the desk run first, and let the system that lacks memory end this process first."""
    os.nice(_NICENESS)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _serve(order: dict[str, Any]) -> Any:  # noqa: ANN401 - xllamacpp has no types
    import xllamacpp  # type: ignore[import-untyped]

    params = xllamacpp.CommonParams()
    params.model.path = order["path"]
    params.model_alias = {order["name"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [order["key"]]
    params.n_ctx = order["window"]
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = order["threads"]
    params.cache_prompt = True
    params.cache_ram_mib = _CACHE_MIB
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
