"""Long work on documents, as runs: an archive, and cutting and embedding again what is stored."""

import io
import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.runs.indexing_job import IndexingJob
from backend.storage.sql import migrations
from backend.storage.stores import sql_stores
from knowledge.library import Library
from knowledge.storage.sqlite import SqliteDatabase
from tests.backend.asking import as_user, keys
from tests.serving import Server, serve

VOUCHERS = "Within how many months can a gift voucher be spent?"
MEMBERS = {
    "gifts/vouchers.md": b"# Gift vouchers\n\nA gift voucher can be spent within 36 months.\n",
    "gifts/cards.md": b"# Gift cards\n\nA gift card is sent by post.\n",
    "broken.pdf": b"%PDF-1.7 and no more",
    "picture.png": b"\x89PNG",
    "../outside.md": b"# Outside\n",
}


@pytest.fixture(scope="module")
def desk(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A desk of a user and an operator."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("indexing") / "data"))
    with serve(data, API_KEYS=keys("ada", "olga"), OPERATORS="olga", MAX_OWN_DOCUMENTS=3) as running:
        yield running


@pytest.fixture
def olga(desk: Server) -> Iterator[httpx.Client]:
    with as_user(desk, "olga") as client:
        yield client
        clear(client)


@pytest.fixture
def ada(desk: Server) -> Iterator[httpx.Client]:
    with as_user(desk, "ada") as client:
        yield client
        clear(client)


def clear(client: httpx.Client) -> None:
    for document in client.get("/api/documents").json()["documents"]:
        if document["source"] == "upload":
            client.delete(f"/api/documents/{document['id']}")


def archive(members: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return packed.getvalue()


def bring(client: httpx.Client, data: bytes, path: str = "gifts.zip", folder: str = "billing") -> httpx.Response:
    return client.post("/api/documents/archives", files={"file": ("x", data)}, data={"folder": folder, "path": path})


def followed(client: httpx.Client, begun: httpx.Response) -> tuple[list[dict[str, Any]], list[str]]:
    """Every event of the run, and the lines of its report."""
    assert begun.status_code == 202, begun.text
    stream = client.get(f"/runs/{begun.json()['run_id']}/stream").text
    events = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ")]
    assert events[-1]["type"] == "done"
    return events, "".join(event["content"] for event in events if event["type"] == "token").splitlines()


def paths(client: httpx.Client) -> dict[str, str]:
    """The paths of what was uploaded, each with its id."""
    found = client.get("/api/documents").json()["documents"]
    return {document["path"]: document["id"] for document in found if document["source"] == "upload"}


def test_an_archive_becomes_documents_and_a_report(desk: Server, olga: httpx.Client) -> None:
    events, report = followed(olga, bring(olga, archive(MEMBERS)))
    assert report[0] == "2 added, 2 failed, 1 ignored."
    assert [line.split(":")[0] for line in report[1:]] == [
        "- gifts.zip/../outside.md",
        "- gifts.zip/broken.pdf",
        "- gifts.zip/picture.png",
    ]
    assert sorted(paths(olga)) == ["gifts.zip/gifts/cards.md", "gifts.zip/gifts/vouchers.md"]
    progress = [event["progress"] for event in events if event["type"] == "trace_update"]
    assert progress == sorted(progress)
    assert progress[-1] == 1
    assert "36 months" in olga.post("/chat", json={"message": VOUCHERS}).json()["answer"]
    assert list((desk.data_dir / "uploads").iterdir()) == []


def test_the_same_archive_again_brings_what_has_changed(olga: httpx.Client) -> None:
    good = {name: MEMBERS[name] for name in ("gifts/vouchers.md", "gifts/cards.md")}
    followed(olga, bring(olga, archive(good)))
    before = paths(olga)
    assert followed(olga, bring(olga, archive(good)))[1] == ["2 skipped."]
    moved = {"presents/vouchers.md": good["gifts/vouchers.md"], "new.md": b"# New\n\nText.\n"}
    assert followed(olga, bring(olga, archive(moved)))[1] == ["1 added, 1 moved, 1 removed."]
    assert sorted(paths(olga)) == ["gifts.zip/new.md", "gifts.zip/presents/vouchers.md"]
    assert len(before) == 2


def test_what_a_user_brings_is_theirs_alone_and_has_a_limit(ada: httpx.Client, olga: httpx.Client) -> None:
    many = {f"{number}.md": f"# Rule {number}\n\nGift {number}.\n".encode() for number in range(5)}
    _, report = followed(ada, bring(ada, archive(many)))
    assert report[0] == "3 added, 2 failed."
    assert all("You have 3 documents of your own" in line for line in report[1:])
    assert len(paths(ada)) == 3
    assert paths(olga) == {}


@pytest.mark.parametrize(
    ("data", "path", "folder", "status", "code"),
    [
        (b"text", "notes.md", "billing", 422, "document_unreadable"),
        (b"text", "../up.zip", "billing", 422, "invalid_request"),
        (b"text", "a.zip", "sales", 404, "folder_not_found"),
    ],
)
def test_what_is_no_archive_is_refused(
    olga: httpx.Client, data: bytes, path: str, folder: str, status: int, code: str
) -> None:
    refused = bring(olga, data, path, folder)
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)


def test_a_damaged_archive_is_reported(olga: httpx.Client) -> None:
    _, report = followed(olga, bring(olga, b"PK\x03\x04 and no more"))
    assert report[0] == "1 failed."
    assert report[1].startswith("- gifts.zip: not a zip archive, or a damaged one")


def test_what_is_stored_is_cut_and_embedded_again(desk: Server, olga: httpx.Client) -> None:
    listed = olga.get("/api/documents").json()
    answer = olga.post("/chat", json={"message": "Is a duplicate charge refunded?"}).json()
    events, report = followed(olga, olga.post("/api/documents/reindex", json={"folder": "billing"}))
    assert report == ["2 changed."]
    assert [event["type"] for event in events[:2]] == ["start", "trace_start"]
    assert followed(olga, olga.post("/api/documents/reindex"))[1] == ["6 changed."]
    assert olga.get("/api/documents").json() == listed
    again = olga.post("/chat", json={"message": "Is a duplicate charge refunded?"}).json()
    assert (again["answer"], again["sources"]) == (answer["answer"], answer["sources"])


def test_only_operators_re_index(ada: httpx.Client) -> None:
    refused = ada.post("/api/documents/reindex")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_allowed")


def test_work_on_documents_is_no_conversation(olga: httpx.Client) -> None:
    begun = olga.post("/api/documents/reindex")
    followed(olga, begun)
    threads = [thread["id"] for thread in olga.get("/api/threads").json()["threads"]]
    assert begun.json()["thread_id"] not in threads


def test_archives_of_one_name_in_two_places_are_two(olga: httpx.Client) -> None:
    followed(olga, bring(olga, archive({"a.md": b"# A\n\nOne.\n", "b.md": b"# B\n\nTwo.\n"}), "docs.zip"))
    _, report = followed(olga, bring(olga, archive({"a.md": b"# A\n\nThree.\n", "c.pdf": b""}), "other/docs.zip"))
    assert report[0] == "1 added, 1 failed."
    assert report[1].startswith("- other/docs.zip/c.pdf: ")
    assert sorted(paths(olga)) == ["docs.zip/a.md", "docs.zip/b.md", "other/docs.zip/a.md"]


def test_a_name_may_be_as_long_as_file_systems_take_names(olga: httpx.Client) -> None:
    assert bring(olga, archive({"a.md": b"# A\n\nOne.\n"}), "y" * 252 + ".zip").status_code == 422
    name = "y" * 251 + ".zip"
    assert followed(olga, bring(olga, archive({"a.md": b"# A\n\nOne.\n"}), name))[1] == ["1 added."]
    assert list(paths(olga)) == [f"{name}/a.md"]


def test_where_everybodys_documents_lie_is_for_operators(ada: httpx.Client, olga: httpx.Client) -> None:
    sources = [{one["source"] for one in client.get("/api/documents").json()["documents"]} for client in (ada, olga)]
    assert sources[0] == {""}
    assert all(Path(source).is_absolute() for source in sources[1])


def test_work_on_documents_may_take_longer_than_an_answer_and_a_relative_directory(tmp_path: Path) -> None:
    good = {name: MEMBERS[name] for name in ("gifts/vouchers.md", "gifts/cards.md")}
    with serve(tmp_path / "data", DATA_DIR="data", RUN_TIMEOUT_SECONDS=0.01) as server, server.client() as client:
        assert followed(client, bring(client, archive(good)))[1] == ["2 added."]
        assert followed(client, bring(client, archive(good)))[1] == ["2 skipped."]
        assert followed(client, client.post("/api/documents/reindex"))[1] == ["2 changed."]


def test_what_a_process_left_behind_is_swept_at_the_next_start(tmp_path: Path) -> None:
    left = tmp_path / "data" / "uploads" / "nobodys" / "archive.zip"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"PK")
    with serve(tmp_path / "data"):
        assert not left.parent.exists()


def test_an_archive_is_brought_in_after_the_desk_was_killed(tmp_path: Path) -> None:
    many = {f"{number:02}.md": f"# Rule {number}\n\nGift {number} is sent by post.\n".encode() for number in range(40)}
    with serve(tmp_path / "data") as server, server.client() as client:
        begun = bring(client, archive(many))
        assert begun.status_code == 202
        server.kill()
    with serve(tmp_path / "data") as server, server.client() as client:
        followed(client, begun)
        assert len(paths(client)) == 40
        assert list((tmp_path / "data" / "uploads").iterdir()) == []


async def test_an_archive_that_an_earlier_release_kept_as_a_file_is_taken_over(tmp_path: Path) -> None:
    kept = tmp_path / "uploads" / "run" / "archive.zip"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"PK")
    database = SqliteDatabase(tmp_path / "desk.db", migrations.MIGRATIONS)
    uploads = sql_stores(database).uploads
    library = await Library.open(tmp_path)
    try:
        await IndexingJob(library, uploads, tmp_path / "uploads", 1_000).sweep({"run"})
        assert await uploads.read_upload("run") == b"PK"
        assert not kept.parent.exists()
    finally:
        await library.close()
        await database.close()
