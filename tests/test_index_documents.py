"""The command that brings documents in."""

import asyncio
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from backend.remote_library import DeskKeyInvalid, DeskUnreachable, RemoteLibrary
from backend.storage.sql import migrations
from knowledge.library import Library
from knowledge.storage.documents import DocumentInfo, DocumentKey
from knowledge.storage.sqlite import SqliteDatabase
from tests import commands
from tests.knowledge.parts import write
from tests.serving import ROOT, Server, environment, free_port

FILES: dict[str, str | bytes] = {
    "billing/fees.md": "# Fees\n\nThe late fee is 7 USD.\n",
    "billing/prices.md": "# Prices\n\nFrom 6 USD.\n",
    "billing/logo.png": b"\x89PNG",
    "compliance/policy.rst": "Policy\n======\n",
    "technical/broken.md": b"\xff\xfa",
    "technical/limits.md": "# Limits\n\nA folder holds 900 files.\n",
    "nobody/notes.md": "# Notes\n\nOf no agent.\n",
}


def index(data_dir: Path, *arguments: object) -> commands.Done:
    """Run the command to its end."""
    env = environment(data_dir, free_port())
    return commands.run("index_documents", *arguments, env=env, cwd=data_dir.parent)


def in_any_order(done: commands.Done, count: int) -> list[str]:
    """What was printed; the first `count` lines, in which files are told as they are done, sorted and unnumbered."""
    lines = done.stdout.splitlines()
    return sorted(re.sub(r" \d+/\d+ ", " ", line) for line in lines[:count]) + lines[count:]


def listing(data_dir: Path) -> list[DocumentInfo]:
    """What a stopped desk's directory holds."""

    async def read() -> list[DocumentInfo]:
        library = await Library.open(data_dir)
        try:
            return await library.listing()
        finally:
            await library.close()

    return asyncio.run(read())


def uris(data_dir: Path) -> list[str]:
    return [f"{info.folder}/{info.path}" for info in listing(data_dir)]


def test_folders_named_after_agents_are_brought_in_and_failures_do_not_stop_the_rest(tmp_path: Path) -> None:
    root, data_dir = write(tmp_path / "docs", FILES), tmp_path / "data"
    env = environment(data_dir, free_port())
    first = commands.run_alone(ROOT / "index_documents.py", root, env=env, cwd=tmp_path)
    assert in_any_order(first, 4) == [
        "billing added: fees.md",
        "billing added: prices.md",
        "technical added: limits.md",
        "technical failed: broken.md",
        "failed: technical/broken.md: not UTF-8 text (byte 0); save the file as UTF-8",
        "ignored: billing/logo.png: not a known format",
        "ignored: compliance/policy.rst: not a known format",
        "3 added, 0 changed, 0 moved, 0 removed, 0 skipped, 1 failed",
    ]
    assert (first.returncode, first.stderr) == (1, "")
    assert uris(data_dir) == ["billing/fees.md", "billing/prices.md", "technical/limits.md"]
    (root / "technical" / "broken.md").unlink()
    (root / "billing" / "fees.md").rename(root / "billing" / "fees.odt")
    second = index(data_dir, root)
    assert second.stdout.splitlines()[-1] == "0 added, 0 changed, 0 moved, 1 removed, 2 skipped, 0 failed"
    assert (second.returncode, second.stderr) == (0, "")
    assert uris(data_dir) == ["billing/prices.md", "technical/limits.md"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["docs", "--agent", "nobody"], "error: there is no agent 'nobody'; there are billing, "),
        (["missing"], "error: missing does not exist"),
        (["missing", "--agent", "billing"], "error: missing does not exist"),
        (["docs/nobody"], "has no folder named after an agent; say whose knowledge it is with --agent (billing, "),
        (["docs/billing/fees.md"], "has no folder named after an agent"),
        (["docs/empty", "--agent", "billing"], "error: docs/empty holds no document of a known format"),
        ([], "error: give a path, or --samples"),
        (["docs", "--samples"], "error: give a path, or --samples"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason(tmp_path: Path, arguments: list[str], message: str) -> None:
    write(tmp_path / "docs", FILES)
    (tmp_path / "docs" / "empty").mkdir()
    refused = index(tmp_path / "data", *arguments)
    assert refused.returncode == 2
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.stdout == ""


def test_a_directory_that_another_ingestion_owns_is_refused(data_dir: Path, tmp_path: Path) -> None:
    root = write(tmp_path / "docs", FILES)

    async def refused() -> commands.Done:
        owner = await Library.open(data_dir)
        try:
            return await asyncio.to_thread(index, data_dir, root)
        finally:
            await owner.close()

    result = asyncio.run(refused())
    assert (result.returncode, result.stdout) == (2, "")
    assert "is in use by another process" in result.stderr


def test_the_documents_of_a_folder_that_is_suddenly_empty_are_kept_which_is_a_failure(tmp_path: Path) -> None:
    files = {"billing/fees.md": FILES["billing/fees.md"], "technical/limits.md": FILES["technical/limits.md"]}
    root, data_dir = write(tmp_path / "docs", files), tmp_path / "data"
    assert index(data_dir, root).returncode == 0
    (root / "technical" / "limits.md").unlink()
    emptied = index(data_dir, root)
    assert "failed: technical: " in emptied.stdout
    assert "holds no document any more; the 1 that came from there are kept" in emptied.stdout
    assert emptied.returncode == 1
    assert uris(data_dir) == ["billing/fees.md", "technical/limits.md"]


def test_samples_leave_a_desk_with_its_own_documents_alone(data_dir: Path) -> None:
    before = listing(data_dir)
    result = index(data_dir, "--samples")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "The desk holds documents of your own; the samples are left out.\n"
    assert listing(data_dir) == before != []


def test_with_a_desk_running_documents_go_through_it_and_the_next_answer_knows_them(
    server: Server, tmp_path: Path
) -> None:
    question = {"message": "What does the Gardening plan cost per month?"}
    root = write(tmp_path / "new", {"garden.md": "# Gardening plan\n\nThe Gardening plan costs 31 USD per month.\n"})
    write(root, {"broken.md": b"\xff\xfa"})
    with server.client() as client:
        assert "31 USD" not in client.post("/chat", json=question).json()["answer"]
        added = index(server.data_dir, root, "--agent", "billing")
        assert added.stdout.startswith(f"A desk is running at {server.url}; the documents go through it.\n")
        assert in_any_order(added, 3)[1:] == [
            "billing added: garden.md",
            "billing failed: broken.md",
            "failed: billing/broken.md: not UTF-8 text (byte 0); save the file as UTF-8",
            "1 added, 0 changed, 0 moved, 0 removed, 0 skipped, 1 failed",
        ]
        assert added.returncode == 1
        answer = client.post("/chat", json=question).json()
        assert "31 USD" in answer["answer"]
        assert answer["sources"][0]["uri"] == "billing/garden.md"


def test_with_a_desk_running_documents_are_skipped_changed_and_removed_through_it(
    server: Server, tmp_path: Path
) -> None:
    root = write(tmp_path / "docs", {name: f"# {name}\n\nOf {name}.\n" for name in ("same.md", "new.md", "old.md")})
    assert index(server.data_dir, root, "--agent", "general").returncode == 0
    write(root, {"new.md": "# New\n\nWith another text.\n"})
    (root / "old.md").unlink()
    again = index(server.data_dir, root, "--agent", "general")
    assert again.stdout.splitlines()[-1] == "0 added, 1 changed, 0 moved, 1 removed, 1 skipped, 0 failed"
    with server.client() as client:
        documents = client.get("/api/documents", params={"folder": "general"}).json()["documents"]
    versions = {document["path"]: document["version"] for document in documents if document["source"] == str(root)}
    assert versions == {"same.md": 1, "new.md": 2}


async def test_a_document_that_somebody_removes_while_it_moves_through_a_desk_has_moved(server: Server) -> None:
    async with RemoteLibrary(server.url) as remote:
        document = await remote.put(DocumentKey("general", "/moving", "here.md"), b"# Here\n\nIt is here.\n")
        await remote.remove(document.id)
        moved = await remote.move(document, "there.md", b"# Here\n\nIt is here.\n")
        assert [info.path for info in await remote.listing("general") if info.source == "/moving"] == ["there.md"]
        await remote.remove(moved.id)


def test_a_desk_that_was_killed_leaves_its_directory_to_the_command(indexed: Path, data_dir: Path) -> None:
    (data_dir / "owner.json").write_text('{"url": "http://127.0.0.1:9"}', encoding="utf-8")
    again = index(data_dir, indexed.parent / "documents" / "billing", "--agent", "billing")
    assert (again.returncode, again.stderr) == (0, "")
    assert in_any_order(again, 2) == [
        "billing skipped: prices.md",
        "billing skipped: refunds.md",
        "0 added, 0 changed, 0 moved, 0 removed, 2 skipped, 0 failed",
    ]


def test_what_is_brought_in_without_a_desk_is_one_entry_of_its_audit_log(tmp_path: Path) -> None:
    root, data_dir = write(tmp_path / "docs", FILES), tmp_path / "data"
    asyncio.run(SqliteDatabase(data_dir / "desk.db", migrations.MIGRATIONS).close())
    for _ in range(2):
        assert index(data_dir, root).returncode == 1
    with closing(sqlite3.connect(data_dir / "desk.db")) as db:
        ((action, target, after),) = db.execute("SELECT action, target, after FROM audit").fetchall()
    assert (action, target, json.loads(after)["added"]) == ("documents.index", str(root.resolve()), 3)


@pytest.mark.parametrize("key", ["sch\u00f6n", "a\nb"])
def test_a_key_that_cannot_be_one_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(DeskKeyInvalid, match="DESK_API_KEY") as refused:
        RemoteLibrary("http://127.0.0.1:9", key)
    assert key not in refused.value.message


async def test_a_desk_that_does_not_answer_is_named_once() -> None:
    async with RemoteLibrary("http://127.0.0.1:9", " ") as remote:
        with pytest.raises(DeskUnreachable) as unreachable:
            await remote.listing()
    assert unreachable.value.message.count("127.0.0.1:9") == 1
