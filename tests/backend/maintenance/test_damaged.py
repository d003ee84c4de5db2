"""Databases that are damaged, not the desk's, or of a later release: refused at the start, noticed while serving."""

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from backend.storage.sql import checkpoints
from backend.storage.sql import migrations as schema
from backend.storage.sql.checkpoints import open_memory
from knowledge.errors import DatabaseDamaged
from knowledge.storage import migrations as knowledge_schema
from knowledge.storage import sqlite as database_module
from knowledge.storage.sqlite import SqliteDatabase
from tests import commands
from tests.serving import ROOT, Server, environment, free_port, serve

DATABASES = ("desk.db", "graph.db", "knowledge.db")
_SECONDS = 120


@pytest.fixture(scope="module")
def used(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory in which somebody has asked, closed in order."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("used") / "data"))
    with serve(data) as server, server.client() as client:
        for number in range(5):
            client.post("/chat", json={"message": f"How are refunds paid? {number}", "session_id": f"s{number}"})
        assert server.interrupt() == 0
    return data


@pytest.fixture
def own(used: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(used, tmp_path / "own"))


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def zero_pages(file: Path) -> None:
    """As a disk leaves it that has lost some of what it was told to keep."""
    content = bytearray(file.read_bytes())
    content[8_192 : len(content) // 2] = bytes(len(content) // 2 - 8_192)
    file.write_bytes(content)


def be_something_else(file: Path) -> None:
    file.write_bytes(b"This was never a database. " * 400)


def be_somebody_elses(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("CREATE TABLE recipes (name TEXT)")


def lose_a_table(file: Path) -> None:
    table = {"desk.db": "feedback", "graph.db": "writes", "knowledge.db": "vector_changes"}[file.name]
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute(f"DROP TABLE {table}")


def start(data_dir: Path, module: str = "backend", *arguments: str) -> tuple[int, str]:
    """Start a desk, or a command, that is to say why it cannot; its words."""
    done = commands.run(module, *arguments, env=environment(data_dir, free_port()), cwd=ROOT)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize("name", DATABASES)
@pytest.mark.parametrize(
    "damage",
    [truncate, empty, zero_pages, be_something_else, be_somebody_elses, lose_a_table],
    ids=lambda of: of.__name__,
)
async def test_a_damaged_database_is_named_and_left_as_it_is(
    own: Path, name: str, damage: Callable[[Path], None]
) -> None:
    file = own / name
    damage(file)
    before = file.read_bytes()
    with pytest.raises(DatabaseDamaged) as refused:
        await open_one(own, name)
    assert str(file) in refused.value.message
    assert "python -m backend restore" in refused.value.message
    assert file.read_bytes() == before


async def open_one(data_dir: Path, name: str) -> None:
    if name == "graph.db":
        async with open_memory(data_dir):
            return
    migrations = schema.MIGRATIONS if name == "desk.db" else knowledge_schema.MIGRATIONS
    await SqliteDatabase(data_dir / name, migrations).close()


def test_a_desk_does_not_start_on_a_damaged_database_and_says_what_to_do(own: Path) -> None:
    zero_pages(own / "knowledge.db")
    code, said = start(own)
    assert (code, said.count("\n")) == (2, 1)
    assert f"{own / 'knowledge.db'} is damaged" in said
    assert "index the documents again" in said
    for command in (("index_documents", "--samples"), ("backend.maintenance", "check")):
        assert start(own, *command)[0] == 2
    (own / "knowledge.db").unlink()
    with serve(own) as server, server.client() as client:
        assert client.get("/ready").status_code == 200
        assert client.get("/api/threads").json()["total"] == 5


@pytest.mark.parametrize("name", DATABASES)
async def test_a_later_release_is_refused_and_nothing_is_written(own: Path, name: str) -> None:
    file = own / name
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("PRAGMA user_version = 99")
    before = {path: path.read_bytes() for path in own.glob(f"{name}*")}
    code, said = start(own)
    assert code == 2
    assert f"error: {file} was written by a later release of the desk (its version is 99" in said
    assert {path: path.read_bytes() for path in own.glob(f"{name}*")} == before


def test_the_versions_of_this_release_are_those_of_its_migrations(used: Path) -> None:
    known = {
        "desk.db": schema.MIGRATIONS,
        "graph.db": checkpoints.MIGRATIONS,
        "knowledge.db": knowledge_schema.MIGRATIONS,
    }
    for name, migrations in known.items():
        with closing(sqlite3.connect(used / name)) as db:
            assert db.execute("PRAGMA user_version").fetchone()[0] == len(migrations)


def damage_while_served(file: Path) -> None:
    """All but the first page, behind the back of who has it open; what is in the log alone would hide that."""
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # A change of the file, so that nobody trusts the pages that they remember.
        db.execute(f"PRAGMA user_version = {db.execute('PRAGMA user_version').fetchone()[0]}")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with file.open("r+b") as content:
        size = file.stat().st_size
        content.seek(4_096)
        content.write(b"\xff" * (size - 4_096))


def log_of(server: Server) -> str:
    return (server.data_dir.parent / f"{server.data_dir.name}-server.log").read_text()


@pytest.mark.parametrize("name", ["desk.db", "knowledge.db"])
def test_damage_that_shows_while_serving_is_told_once_and_ends_readiness(own: Path, name: str) -> None:
    with serve(own) as server, server.client() as client:
        assert client.get("/ready").status_code == 200
        damage_while_served(own / name)
        deadline = time.monotonic() + _SECONDS
        # Each asks for something that is in no memory; the pages that were read may be remembered.
        for number in range(1_000_000):
            client.get("/api/threads", params={"search": f"refund {number}"})
            client.get("/api/documents", params={"search": f"refund {number}"})
            ready = client.get("/ready")
            if ready.status_code == 503 or time.monotonic() > deadline:
                break
        error = ready.json()["error"]
        assert (ready.status_code, error["code"]) == (503, "not_ready")
        assert error["message"] == f"{name} is damaged; the log of the desk says what to do about it"
        assert str(own) not in ready.text
        assert client.get("/health").status_code == 503
        failed = client.get("/api/threads" if name == "desk.db" else "/api/documents")
        assert (failed.status_code, failed.json()["error"]["code"]) == (503, "database_damaged")
        told = [line for line in log_of(server).splitlines() if f"{own / name} is damaged" in line]
        assert len(told) == 1
        assert "python -m backend restore" in told[0]


async def test_a_large_database_is_served_while_it_is_read_through(
    own: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(database_module, "_CHECKED_AT_ONCE", 1)
    with closing(sqlite3.connect(own / "desk.db")) as db:
        page = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'messages_by_run'").fetchone()[0]
    with (own / "desk.db").open("r+b") as content:
        content.seek((page - 1) * 4_096)
        content.write(bytes(4_096))
    database = SqliteDatabase(own / "desk.db", schema.MIGRATIONS)
    checker = next(thread for thread in database._threads if thread.name == "desk-check")
    checker.join(_SECONDS)
    assert database.damage == "desk.db is damaged"
    assert f"{own / 'desk.db'} is damaged" in caplog.text
    await database.close()
    whole = SqliteDatabase(own / "graph.db", checkpoints.MIGRATIONS)
    await whole.close()
    assert whole.damage is None
