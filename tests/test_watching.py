"""`index_documents.py --watch`: what changes in a folder is followed, and what goes away for a while is not dropped."""

import os
import queue
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import commands
from tests.knowledge.parts import write
from tests.serving import Server, environment, free_port
from tests.template import Forked
from tests.test_index_documents import uris

BOUND = 90  # seconds
FILES: dict[str, str | bytes] = {"fees.md": "# Fees\n\nThe late fee is 7 USD.\n", "prices.md": "# Prices\n\n6 USD.\n"}


class Watch:
    """The command, and what it says."""

    def __init__(self, process: Forked, said: Path) -> None:
        self.process = process
        self._said = said
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with self._said.open() as said:
            for line in said:
                self._lines.put(line.rstrip("\n"))

    def until(self, sign: str) -> list[str]:
        """The lines up to one that holds the sign; `queue.Empty` where none comes."""
        lines: list[str] = []
        while not lines or sign not in lines[-1]:
            lines.append(self._lines.get(timeout=BOUND))
        return lines

    def stop(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=BOUND)


@contextmanager
def watching(data_dir: Path, root: Path, *options: str) -> Iterator[Watch]:
    """The command over a folder, past its first pass."""
    said = root.parent / "said"
    os.mkfifo(said)
    arguments = [str(root), "--watch", *options]
    process = Forked("index_documents", environment(data_dir, free_port()), data_dir.parent, said, arguments=arguments)
    try:
        watch = Watch(process, said)
        watch.until(" failed")
        yield watch
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_changes_are_followed_until_a_signal(tmp_path: Path, number: int) -> None:
    root, data_dir = write(tmp_path / "docs", FILES), tmp_path / "data"
    with watching(data_dir, root, "--agent", "billing") as watch:
        write(root, {"new/late.md": "# Late\n\nLate by a day.\n"})
        assert watch.until("1 added") == [
            "billing added: new/late.md",
            "1 added, 0 changed, 0 moved, 0 removed, 2 skipped, 0 failed",
        ]
        (root / "prices.md").rename(root / "new" / "prices.md")
        assert "billing moved: new/prices.md" in watch.until("1 moved")
        (root / "fees.md").unlink()
        assert "billing removed: fees.md" in watch.until("1 removed")
        write(root, {"new/late.md": b"\xff"})
        assert "failed: billing/new/late.md: not UTF-8 text (byte 0); save the file as UTF-8" in watch.until("1 failed")
        assert watch.stop(number) == 0
        assert watch.until("stopped")[-1] == "stopped; what is done is kept"
    assert uris(data_dir) == ["billing/new/late.md", "billing/new/prices.md"]


@pytest.mark.parametrize("options", [(), ("--prune",)])
def test_a_folder_that_vanishes_and_comes_back_loses_nothing(tmp_path: Path, options: tuple[str, ...]) -> None:
    root, data_dir = write(tmp_path / "docs", FILES), tmp_path / "data"
    with watching(data_dir, root, "--agent", "billing", *options) as watch:
        root.rename(tmp_path / "away")
        watch.until(f"error: {root} does not exist")
        root.mkdir()
        watch.until(f"error: {root} holds no document any more")
        root.rmdir()
        write(tmp_path / "away", {"new.md": "# New\n\nIt is new.\n"})
        (tmp_path / "away").rename(root)
        assert watch.until("1 added")[-1] == "1 added, 0 changed, 0 moved, 0 removed, 2 skipped, 0 failed"
        # The directory that is there now is the one that is watched.
        write(root, {"newer.md": "# Newer\n\nIt is newer.\n"})
        watch.until("billing added: newer.md")
        assert watch.stop(signal.SIGTERM) == 0
    assert uris(data_dir) == [f"billing/{name}" for name in ("fees.md", "new.md", "newer.md", "prices.md")]


def test_folders_of_agents_that_come_later_are_followed_too(tmp_path: Path) -> None:
    root, data_dir = write(tmp_path / "docs", {"billing/fees.md": FILES["fees.md"]}), tmp_path / "data"
    with watching(data_dir, root) as watch:
        write(root, {"technical/limits.md": "# Limits\n\nA folder holds 900 files.\n"})
        watch.until("technical added: limits.md")
        shutil.rmtree(root / "billing")
        write(root, {"technical/more.md": "# More\n\nMore of it.\n"})
        watch.until("technical added: more.md")
        watch.stop(signal.SIGTERM)
    assert uris(data_dir) == ["billing/fees.md", "technical/limits.md", "technical/more.md"]


def test_a_running_desk_is_told_of_changes_and_the_next_answer_knows_them(server: Server, tmp_path: Path) -> None:
    root = write(tmp_path / "docs", {"garden.md": "# Gardening plan\n\nThe Gardening plan costs 31 USD per month.\n"})
    question = {"message": "What does the Gardening plan cost per month?"}
    with watching(server.data_dir, root, "--agent", "billing") as watch, server.client() as client:
        assert "31 USD" in client.post("/chat", json=question).json()["answer"]
        write(root, {"garden.md": "# Gardening plan\n\nThe Gardening plan costs 37 USD per month.\n"})
        watch.until("billing changed: garden.md")
        assert "37 USD" in client.post("/chat", json=question).json()["answer"]
        (root / "garden.md").rename(root / "plan.md")
        watch.until("billing moved: plan.md")
        listed = client.get("/api/documents", params={"folder": "billing"}).json()["documents"]
        assert [document["path"] for document in listed if document["source"] == str(root)] == ["plan.md"]
        assert watch.stop(signal.SIGINT) == 0


def test_a_folder_that_is_not_there_at_first_is_a_mistake(tmp_path: Path) -> None:
    env = environment(tmp_path / "data", free_port())
    refused = commands.run("index_documents", "nowhere", "--agent", "billing", "--watch", env=env, cwd=tmp_path)
    assert (refused.returncode, refused.stderr) == (2, "error: nowhere does not exist\n")
