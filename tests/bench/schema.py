"""Thousands of requests made up from the OpenAPI document, one leading to the next: `python -m tests.bench.schema`.

What is found is printed with the request that shows it; the exit status is 1 then.
"""

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.conftest import index, write_documents
from tests.serving import ROOT, serve_alone

_EXAMPLES = "60"


def main(arguments: list[str]) -> int:
    """Ask a scripted desk; the arguments are more options of `schemathesis run`."""
    with tempfile.TemporaryDirectory() as base:
        data = Path(base) / "data"
        asyncio.run(index(data, write_documents(Path(base) / "documents")))
        with serve_alone(data, "tests.scripted", ANSWER_THRESHOLD=0) as server:
            command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(ROOT / "tests" / "schema.toml")]
            options = ["--max-examples", _EXAMPLES, "--continue-on-failure", "--request-timeout", "60", *arguments]
            run = subprocess.run([*command, "run", f"{server.url}/openapi.json", *options], cwd=base, check=False)
        log = (Path(base) / "data-server.log").read_text()
    tracebacks = log.count("Traceback")
    print(f"{tracebacks} tracebacks in the desk's log")
    return int(run.returncode != 0 or tracebacks > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
