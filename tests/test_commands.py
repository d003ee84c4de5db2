"""Every command explains itself and refuses what it does not know, and loads no model for that."""

import json
import subprocess
import sys

import pytest

from tests.serving import ROOT

COMMANDS = {
    "python -m backend": "backend",
    "python -m backend backup": "backend backup",
    "python -m backend restore": "backend restore",
    "python -m backend.users": "backend.users",
    "python -m agents.models": "agents.models",
    "python -m backend.maintenance": "backend.maintenance",
    "python -m knowledge.embedding": "knowledge.embedding",
    "python -m evaluation": "evaluation",
    "python -m ui.build": "ui.build",
    "index_documents.py": "index_documents",
}
# Asks one command for its help, then for something that it does not know, and tells how each went.
ASKING = """
import contextlib, io, json, runpy, sys
module, *words = sys.argv[1].split()
told = []
for asked in ("--help", "--nonsense"):
    sys.argv = [f"{module}.py", *words, asked]
    printed, complained, status = io.StringIO(), io.StringIO(), None
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complained):
        try:
            runpy.run_module(module, run_name="__main__", alter_sys=False)
        except SystemExit as ended:
            status = ended.code
    told.append([status, printed.getvalue(), complained.getvalue()])
print(json.dumps([told, "sentence_transformers" in sys.modules]))
"""


@pytest.mark.parametrize(("name", "command"), COMMANDS.items(), ids=COMMANDS)
def test_a_command_prints_help_and_refuses_what_it_does_not_know(name: str, command: str) -> None:
    asked = [sys.executable, "-W", "ignore", "-c", ASKING, command]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True, timeout=150)
    ((helped, printed, _), (refused, _, complained)), has_loaded = json.loads(done.stdout)
    assert (helped, refused, has_loaded) == (0, 2, False)
    assert printed.startswith(f"usage: {name} ")
    assert complained.startswith(f"usage: {name} ")
    assert "--nonsense" in complained or "the following arguments are required" in complained
