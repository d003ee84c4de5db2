"""A backup of a desk that serves, and a desk that goes on from it elsewhere after the first one was killed."""

import json
import shutil
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.__main__ import main
from backend.maintenance.backup import MANIFEST, back_up
from backend.maintenance.errors import BackupNotMade, BackupUnusable, DirectoryNotEmpty
from backend.maintenance.restore import restore
from knowledge.errors import DatabaseDamaged, DatabaseNewer, DataDirectoryInUse, DataDirectoryUnusable
from knowledge.library import Library
from knowledge.storage.directory_lock import DirectoryLock
from tests import commands
from tests.serving import ROOT, Server, environment, free_port, serve
from tests.sse import frames, text_of

LONG = "How are refunds paid? 400 tokens, 20 ms apart"
SHORT = "How are refunds paid? 5 tokens"
HUMAN = "I want to talk to a human"
FEE = "# Late fees\n\nThe late fee of the zebra plan is 7 USD.\n"
_SECONDS = 300


def command(data_dir: Path, *arguments: object) -> commands.Done:
    """Run a command of `python -m backend`."""
    return commands.run_alone("-m", "backend", *arguments, env=environment(data_dir, free_port()), cwd=ROOT)


@contextmanager
def scripted(data_dir: Path) -> Iterator[Server]:
    with serve(data_dir, "tests.scripted", ANSWER_THRESHOLD=0, MAX_QUEUED=64) as running:
        yield running


def ask(client: httpx.Client, message: str, session: str) -> dict[str, Any]:
    return dict(client.post("/chat", json={"message": message, "session_id": session}).raise_for_status().json())


@contextmanager
def writing(server: Server) -> Iterator[None]:
    """Somebody asks and brings documents all the time, until this is left."""
    done = threading.Event()

    def keep(number: int) -> None:
        with server.client() as client:
            for turn in range(10_000):
                if done.is_set():
                    return
                ask(client, SHORT, f"load-{number}-{turn % 3}")
                form = {"folder": "technical", "path": f"load-{number}-{turn}.md"}
                client.post("/api/documents", data=form, files={"file": ("a.md", f"# A\n\nNumber {turn}.\n")})

    threads = [threading.Thread(target=keep, args=[number]) for number in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join(_SECONDS)


@pytest.mark.timeout(900)
def test_a_backup_under_load_is_restored_elsewhere_and_goes_on(data_dir: Path, tmp_path: Path) -> None:
    copy, elsewhere = tmp_path / "backups" / "monday", tmp_path / "elsewhere"
    with scripted(data_dir) as server, server.client() as client:
        finished = ask(client, SHORT, "kept")
        person = ask(client, HUMAN, "asks-for-a-person")
        agent = dict(client.get("/api/agents/billing").json(), description="Fees and refunds of zebras")
        agent.pop("origin", None)
        client.put("/api/agents/billing", json=agent).raise_for_status()
        form = {"folder": "billing", "path": "late-fees.md"}
        client.post("/api/documents", data=form, files={"file": ("late-fees.md", FEE)}).raise_for_status()
        with writing(server), client.stream("POST", "/chat/stream", json={"message": LONG, "session_id": "l"}) as long:
            seen = []
            for _, event in frames(long):
                seen.append(event)
                if event["type"] == "token":
                    break
            made = command(data_dir, "backup", copy)
        assert made.returncode == 0, made.stderr
        assert client.get("/ready").status_code == 200
        server.kill()
    assert restored_as_listed(copy)
    brought = command(elsewhere, "restore", copy)
    assert brought.returncode == 0, brought.stderr
    with scripted(elsewhere) as server, server.client() as client:
        (entry,) = client.get("/api/audit?action=desk.restore").json()["entries"]
        assert entry["after"]["backup"] == str(copy)
        assert client.get("/api/audit/check").json()["whole"]
        assert client.get(f"/runs/{finished['run_id']}").json()["answer"] == finished["answer"]
        history = client.get(f"/api/threads/{finished['thread_id']}").json()["history"]
        assert [turn["content"] for turn in history] == [SHORT, finished["answer"]]
        waiting = client.get("/api/handovers").json()["handovers"]
        assert [one["thread_id"] for one in waiting if one["cause"] == "asked"] == [person["thread_id"]]
        assert client.get("/api/agents/billing").json()["description"] == "Fees and refunds of zebras"
        # The run that was under way goes on to its end, and its conversation takes the next question.
        with client.stream("GET", f"/runs/{seen[0]['run_id']}/stream") as rest:
            events = [event for _, event in frames(rest)]
        assert (events[-1]["type"], text_of(events).split()[-1]) == ("done", "word399")
        assert ask(client, SHORT, "l")["thread_id"] == seen[0]["thread_id"]
        assert client.get("/api/documents", params={"search": "late-fees"}).json()["total"] == 1
        # The vector index is made anew, and finds what there was.
        found = ask(client, "How much is the late fee of the zebra plan? 3 tokens", "fee")["sources"]
        assert found[0]["uri"] == "billing/late-fees.md"


def restored_as_listed(copy: Path) -> bool:
    """Nobody else may read a backup, and it holds what it lists."""
    listed = json.loads((copy / MANIFEST).read_text())["files"]
    found = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    modes = {stat.S_IMODE(path.stat().st_mode) for path in copy.rglob("*") if path.is_file()}
    return (
        found == {*listed, MANIFEST}
        and {"desk.db", "graph.db", "knowledge.db"} <= found
        and modes == {0o600}
        and stat.S_IMODE(copy.stat().st_mode) == 0o700
        and not [path for path in copy.parent.iterdir() if path != copy]
    )


async def test_what_is_there_is_neither_overwritten_nor_lost(data_dir: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    (data_dir / "calibration.json").write_text("{}")
    before = (data_dir / "knowledge.db").read_bytes()
    back_up(data_dir, copy)
    assert (data_dir / "knowledge.db").read_bytes() == before
    with pytest.raises(BackupNotMade, match="exists already"):
        back_up(data_dir, copy)
    with pytest.raises(DirectoryNotEmpty, match="--force"):
        restore(copy, data_dir)
    assert (data_dir / "chroma").is_dir()
    replaced = restore(copy, data_dir, force=True)
    assert replaced
    assert (replaced / "knowledge.db").read_bytes() == before
    assert (replaced / "chroma").is_dir()
    assert {path.name for path in data_dir.iterdir() if path != replaced} == {
        *("knowledge.db", "calibration.json", "owner.lock")
    }
    # Once more, and what was moved away before stays where it is.
    again = restore(copy, data_dir, force=True)
    assert again
    assert (replaced / "chroma").is_dir()
    library = await Library.open(data_dir)
    assert len(await library.listing()) == 6
    await library.close()


def test_a_directory_that_a_desk_serves_is_not_restored_into(data_dir: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    back_up(data_dir, copy)
    ownership = DirectoryLock(data_dir)
    with pytest.raises(DataDirectoryInUse, match="stop it first"):
        restore(copy, data_dir, force=True)
    ownership.release()
    assert (data_dir / "chroma").is_dir()


def swap_a_byte(copy: Path) -> None:
    content = bytearray((copy / "knowledge.db").read_bytes())
    content[-1] ^= 1
    (copy / "knowledge.db").write_bytes(content)


def lose_a_file(copy: Path) -> None:
    (copy / "knowledge.db").unlink()


def lose_the_list(copy: Path) -> None:
    (copy / MANIFEST).unlink()


def name_a_file_outside(copy: Path) -> None:
    manifest = json.loads((copy / MANIFEST).read_text())
    manifest["files"]["../outside.db"] = manifest["files"]["knowledge.db"]
    (copy / MANIFEST).write_text(json.dumps(manifest))


@pytest.mark.parametrize("damage", [swap_a_byte, lose_a_file, lose_the_list, name_a_file_outside])
def test_a_backup_that_is_not_whole_changes_nothing(data_dir: Path, tmp_path: Path, damage: Any) -> None:
    copy = tmp_path / "copy"
    back_up(data_dir, copy)
    damage(copy)
    before = sorted(path.name for path in data_dir.iterdir())
    with pytest.raises(BackupUnusable):
        restore(copy, data_dir, force=True)
    assert sorted({path.name for path in data_dir.iterdir()} - {"owner.lock"}) == sorted({*before} - {"owner.lock"})


def test_a_backup_of_a_later_release_is_refused(data_dir: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(data_dir / "knowledge.db", isolation_level=None)) as db:
        db.execute("PRAGMA user_version = 99")
    back_up(data_dir, tmp_path / "copy")
    with pytest.raises(DatabaseNewer, match="later release"):
        restore(tmp_path / "copy", tmp_path / "elsewhere")


def test_a_directory_that_is_made_is_for_its_owner_alone(tmp_path: Path) -> None:
    DirectoryLock(tmp_path / "data").release()
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0


def test_no_backup_is_made_within_the_directory_that_it_copies(data_dir: Path) -> None:
    with pytest.raises(BackupNotMade, match="outside"):
        back_up(data_dir, data_dir / "backups" / "monday")
    assert not (data_dir / "backups").exists()


def test_no_backup_is_made_of_what_is_damaged_or_not_there(data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupNotMade, match="holds no desk"):
        back_up(tmp_path / "nothing", tmp_path / "copy")
    content = bytearray((data_dir / "knowledge.db").read_bytes())
    content[8_192:-4_096] = bytes(len(content) - 12_288)
    (data_dir / "knowledge.db").write_bytes(content)
    with pytest.raises(DatabaseDamaged, match=r"knowledge\.db"):
        back_up(data_dir, tmp_path / "copy")
    assert not list(tmp_path.glob("*copy*"))


async def test_a_restore_that_was_broken_off_is_not_served_and_can_be_done_again(
    data_dir: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    back_up(data_dir, copy)
    # As a kill leaves it, between two files.
    shutil.rmtree(data_dir / "chroma")
    (data_dir / "restoring").mkdir()
    (data_dir / "knowledge.db").rename(data_dir / "restoring" / "knowledge.db")
    with pytest.raises(DataDirectoryUnusable, match="interrupted; do it again"):
        await Library.open(data_dir)
    restore(copy, data_dir, force=True)
    library = await Library.open(data_dir)
    assert len(await library.listing()) == 6
    await library.close()


def test_the_commands_say_what_they_do_and_serving_is_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("backup", "restore", "--web", "while a desk serves"))
    with pytest.raises(SystemExit) as ended:
        main(["--web", "backup", "x"])
    assert ended.value.code == 2
    assert "--web is for serving" in capsys.readouterr().err
