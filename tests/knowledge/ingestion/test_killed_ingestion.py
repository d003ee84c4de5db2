"""Ingestions that are killed, of a command and of a desk: the next one does the rest, and nothing is wedged."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge.index.integrity import check
from knowledge.library import Library
from knowledge.storage.documents import DocumentInfo
from tests.knowledge.parts import write
from tests.serving import ROOT, Server, environment, free_port, serve
from tests.test_index_documents import index

NAMES = [f"fee-{number:02}.md" for number in range(60)]


def fees(root: Path, year: int) -> Path:
    """Every file says something new each year."""
    return write(root, {name: f"# {name}\n\n" + f"Fee {name} is due in {year}.\n\n" * 20 for name in NAMES})


def start(data_dir: Path, root: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(ROOT / "index_documents.py"), str(root), "--agent", "billing"],
        env=environment(data_dir, free_port()),
        cwd=root.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_until(process: "subprocess.Popen[str]", sign: str) -> None:
    assert process.stdout
    while sign not in process.stdout.readline():
        assert process.poll() is None


def stored(data_dir: Path, root: Path) -> list[DocumentInfo]:
    """What the directory holds of the folder, once all is checked."""

    async def read() -> list[DocumentInfo]:
        health = await check(data_dir)
        assert (health.problems, health.pending) == ([], 0)
        library = await Library.open(data_dir)
        try:
            return [info for info in await library.listing("billing") if info.source == str(root)]
        finally:
            await library.close()

    return asyncio.run(read())


@pytest.mark.parametrize("sign", [" 1/60 ", " 7/60 ", " 41/60 "])
def test_an_ingestion_that_is_killed_is_finished_by_the_next_one(tmp_path: Path, sign: str) -> None:
    root, data_dir = fees(tmp_path / "fees", 2024), tmp_path / "data"
    killed = start(data_dir, root)
    read_until(killed, sign)
    killed.kill()
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    again = index(data_dir, root, "--agent", "billing")
    assert again.returncode == 0, again.stdout
    added, *_, skipped, failed = (int(part.split()[0]) for part in again.stdout.splitlines()[-1].split(", "))
    assert (added + skipped, failed) == (len(NAMES), 0)
    assert skipped > 0
    assert [(info.path, info.version) for info in stored(data_dir, root)] == [(name, 1) for name in NAMES]


def test_a_desk_that_is_killed_while_it_takes_documents_in_has_answered_throughout(
    data_dir: Path, tmp_path: Path
) -> None:
    def told(server: Server) -> str:
        with server.client() as client:
            return str(client.post("/chat", json={"message": "When is fee fee-59.md due?"}).json()["answer"])

    root = fees(tmp_path / "fees", 2024)
    assert index(data_dir, root, "--agent", "billing").returncode == 0
    fees(root, 2025)
    with serve(data_dir) as server:
        ingestion = start(data_dir, root)
        read_until(ingestion, " 1/60 ")
        assert "fee-59.md is due in 202" in told(server)
        server.kill()
        output, _ = ingestion.communicate(timeout=60)
        assert "does not answer" in output
    with serve(data_dir) as server:
        again = index(data_dir, root, "--agent", "billing")
        assert again.returncode == 0, again.stdout
        assert "fee-59.md is due in 2025" in told(server)
    versions = {info.path: info.version for info in stored(data_dir, root)}
    assert versions == dict.fromkeys(NAMES, 2)
