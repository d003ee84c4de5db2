"""The commands of the README do what it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.backend.asking import key_of, keys
from tests.serving import Server, serve

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
_COMMANDS = [
    command.strip() for block in _BLOCKS for command in re.split(r"(?<!\\)\n", block.strip()) if command.strip()
]
_CURLS = [command for command in _COMMANDS if command.startswith("curl")]
_OF_KEYS = [command for command in _CURLS if "/api/keys" in command]
_PROGRAMS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
_MAKES = re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE)


@pytest.mark.parametrize("command", [command for command in _CURLS if command not in _OF_KEYS])
def test_every_curl_command_is_answered(server: Server, command: str) -> None:
    here = command.replace("localhost:8000", f"127.0.0.1:{server.port}")
    answered = subprocess.run(["bash", "-c", here], capture_output=True, timeout=60, check=True).stdout
    if "/chat/stream" in command:
        assert answered.startswith(b"id: 0\ndata: ")
        assert b'"type":"done"' in answered
    elif "/api/agents" in command:
        assert "error" not in orjson.loads(answered)
    else:
        assert orjson.loads(answered)["answer"]


def test_keys_are_made_listed_and_revoked_as_it_says(indexed: Path, tmp_path: Path) -> None:
    make, show, revoke = _OF_KEYS
    with serve(Path(shutil.copytree(indexed, tmp_path / "data")), API_KEYS=keys("olga")) as desk:

        def answered(command: str) -> Any:
            here = command.replace("localhost:8000", f"127.0.0.1:{desk.port}")
            told = {"PATH": os.environ["PATH"], "KEY": key_of("olga")}  # noqa: TID251
            return orjson.loads(
                subprocess.run(["bash", "-c", here], env=told, capture_output=True, timeout=60, check=True).stdout
            )

        made = answered(make)
        assert made["key"].startswith("fd-")
        assert made["id"] in {key["id"] for key in answered(show)["keys"]}
        assert "error" not in answered(revoke.replace("/ID", f"/{made['id']}"))
        assert next(key for key in answered(show)["keys"] if key["id"] == made["id"])["revoked_at"]


@pytest.mark.parametrize("program", _PROGRAMS)
def test_every_program_prints_answers(server: Server, program: str) -> None:
    here = program.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
    done = subprocess.run([sys.executable, "-c", here], capture_output=True, cwd=ROOT, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    whole, streamed = done.stdout.decode().split("\n", 1)
    assert "multipart" in whole
    assert "100 MB" in streamed


def test_the_readme_shows_both_doors() -> None:
    assert {"/chat", "/chat/stream"} <= {found for curl in _CURLS for found in re.findall(r":8000(\S+)", curl)}


@pytest.mark.parametrize("target", sorted(set(_MAKES)))
def test_every_make_target_exists(target: str) -> None:
    done = subprocess.run(["make", "--dry-run", target], capture_output=True, cwd=ROOT, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


def test_every_linked_file_exists() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
