"""Ingestions killed at random moments: `python -m tests.bench.killed_ingestion [kills] [seed]`.

Half of the kills are of a command that writes to the directory itself, half of a desk through which a command works and
which answers questions meanwhile. Each time the folder has changed, and after the kill it is brought in again; at the
end SQL, the words and the vectors must agree, and every file must be there in its last version.
"""

import asyncio
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from knowledge.index.integrity import check
from knowledge.library import Library
from knowledge.storage.documents import hash_of
from tests.bench.client import figure
from tests.conftest import index, write_documents
from tests.serving import ROOT, Server, environment, free_port, serve

KILLS, SEED = 50, 7
FILES, CHANGED = 24, 10
LONGEST = 3.0  # seconds from the first file that is done to the kill
BOUND = 300  # seconds
QUESTION, ANSWER = "How is a duplicate charge refunded?", "5 to 10 working days"


@dataclass
class Findings:
    """Over all kills."""

    unfinished: int = 0
    problems: list[str] = field(default_factory=list)
    asked: int = 0
    unserved: int = 0
    interrupted: int = 0


def main() -> None:
    """Kill, run again, check; over and over on one directory."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else KILLS
    chance = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else SEED)
    found = Findings()
    with tempfile.TemporaryDirectory() as base:
        root, data = Path(base) / "folder", Path(base) / "data"
        asyncio.run(index(data, write_documents(Path(base) / "documents")))
        for number in range(kills):
            rewrite(root, chance, number)
            kill = kill_a_desk if number % 2 else kill_a_command
            kill(data, root, chance.uniform(0, LONGEST), found)
            finish(data, root, found)
            print(f"kill {number + 1}: {found}", flush=True)
    figure(
        f"of {kills} reruns: a file missing or not of its last version",
        f"{found.unfinished}",
        "0",
        not found.unfinished,
    )
    figure("checks of the store that found a problem", f"{len(found.problems)}", "0", not found.problems)
    figure(f"of {found.asked} questions meanwhile: not answered", f"{found.unserved}", "0", not found.unserved)
    print(f"kills that came before the end of their ingestion: {found.interrupted}")
    for problem in found.problems:
        print(problem)


def rewrite(root: Path, chance: random.Random, number: int) -> None:
    """Some files of the folder say something new, one moves and one goes."""
    root.mkdir(exist_ok=True)
    names = [f"file-{one:02}.md" for one in range(FILES)]
    there = [name for name in names if (root / name).exists()]
    for name in chance.sample(names, CHANGED) if there else names:
        lines = [f"Rule {line} of {name} holds since change {number}, {chance.random()}." for line in range(40)]
        (root / name).write_text(f"# {name}\n\n" + "\n\n".join(lines), encoding="utf-8")
    if there:
        first, second = chance.sample(sorted(root.iterdir()), 2)
        first.rename(root / f"moved-{number:02}.md")
        second.unlink()


def command(data: Path, root: Path) -> "subprocess.Popen[str]":
    """The ingestion, as a user starts it."""
    return subprocess.Popen(
        [sys.executable, str(ROOT / "index_documents.py"), str(root), "--agent", "billing"],
        env=environment(data, free_port()),
        cwd=root.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def kill_a_command(data: Path, root: Path, seconds: float, found: Findings) -> None:
    """Nobody else can look at the directory meanwhile."""
    ingestion = command(data, root)
    wait(ingestion, seconds)
    found.interrupted += ingestion.poll() is None
    ingestion.kill()
    ingestion.communicate()


def kill_a_desk(data: Path, root: Path, seconds: float, found: Findings) -> None:
    """The command goes through the desk, which answers from what it held before."""
    with serve(data) as server:
        ingestion = command(data, root)
        with asking(server, found):
            wait(ingestion, seconds)
            found.interrupted += ingestion.poll() is None
        server.kill()
        ingestion.communicate(timeout=BOUND)


def wait(ingestion: "subprocess.Popen[str]", seconds: float) -> None:
    """Until the first file is done, and then some."""
    assert ingestion.stdout
    while (line := ingestion.stdout.readline()) and " 1/" not in line:
        pass
    time.sleep(seconds)


@contextmanager
def asking(server: Server, found: Findings) -> Iterator[None]:
    """One question after another, each of which the documents of before answer."""
    over = threading.Event()

    def ask() -> None:
        with server.client() as client:
            while not over.is_set():
                answer = client.post("/chat", json={"message": QUESTION})
                found.asked += 1
                found.unserved += ANSWER not in answer.text

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        yield
    finally:
        over.set()
        asker.join()


def finish(data: Path, root: Path, found: Findings) -> None:
    """Bring the folder in again, undisturbed, and look at what the directory holds then."""
    again = command(data, root)
    output, _ = again.communicate(timeout=BOUND)
    health = asyncio.run(check(data))
    found.problems += health.problems + ([f"{health.pending} changes pending"] if health.pending else [])
    wanted = {file.name: hash_of(file.read_bytes()) for file in root.iterdir()}
    if again.returncode or asyncio.run(hashes(data, root)) != wanted:
        found.unfinished += 1
        print(output)


async def hashes(data: Path, root: Path) -> dict[str, str]:
    """The documents that the folder brought, by what they hold."""
    library = await Library.open(data)
    try:
        return {info.path: info.content_hash for info in await library.listing("billing") if info.source == str(root)}
    finally:
        await library.close()


if __name__ == "__main__":
    main()
