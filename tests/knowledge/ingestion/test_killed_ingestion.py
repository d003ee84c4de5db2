"""Ingestions that are killed, of a command and of a desk: the next one does the rest, and nothing is wedged."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from knowledge.index.integrity import check
from knowledge.library import Library
from knowledge.storage.documents import DocumentInfo
from tests.knowledge.parts import write
from tests.serving import Server, environment, free_port, serve
from tests.template import Forked
from tests.test_index_documents import index

NAMES = [f"fee-{number:02}.md" for number in range(60)]


def fees(root: Path, year: int) -> Path:
    """Every file says something new each year."""
    return write(root, {name: f"# {name}\n\n" + f"Fee {name} is due in {year}.\n\n" * 20 for name in NAMES})


@contextmanager
def started(data_dir: Path, root: Path) -> Iterator[tuple[Forked, TextIO]]:
    """The command under way, and what it says."""
    said = root.parent / "said"
    os.mkfifo(said)
    env, arguments = environment(data_dir, free_port()), [str(root), "--agent", "billing"]
    process = Forked("index_documents", env, root.parent, said, arguments=arguments)
    try:
        with said.open() as lines:
            yield process, lines
    finally:
        process.kill()


def read_until(lines: TextIO, sign: str) -> None:
    while sign not in (line := lines.readline()):
        assert line, "it has ended"


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
    with started(data_dir, root) as (killed, lines):
        read_until(lines, sign)
        killed.kill()
        assert killed.wait() == -signal.SIGKILL
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
    with serve(data_dir) as server, started(data_dir, root) as (_, lines):
        read_until(lines, " 1/60 ")
        assert "fee-59.md is due in 202" in told(server)
        server.kill()
        assert "does not answer" in lines.read()
    with serve(data_dir) as server:
        again = index(data_dir, root, "--agent", "billing")
        assert again.returncode == 0, again.stdout
        assert "fee-59.md is due in 2025" in told(server)
    versions = {info.path: info.version for info in stored(data_dir, root)}
    assert versions == dict.fromkeys(NAMES, 2)
