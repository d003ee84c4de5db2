"""What becomes of files: brought in, changed, removed, refused, left alone."""

import os
from pathlib import Path

import pytest

from knowledge.errors import DocumentsNotFound
from knowledge.ingestion.ingest import MAX_FILE_BYTES, IngestionReport, Outcome, Seen, ingest
from knowledge.library import Library
from knowledge.retrieval.search import Searcher
from knowledge.storage.documents import DocumentInfo
from tests.knowledge.parts import check_level, packed, paths, texts, write

FOLDER = "shipping"
PARCELS = "# Parcels\n\nA parcel is handed to the courier before noon.\n"
CUSTOMS = "# Customs\n\nThe recipient pays import duty at the border.\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two documents on disk."""
    return write(tmp_path / "docs", {"parcels.md": PARCELS, "abroad/customs.md": CUSTOMS})


async def test_new_files_are_added_and_the_next_time_skipped(library: Library, root: Path) -> None:
    assert await ingest(root, FOLDER, library) == IngestionReport(added=["abroad/customs.md", "parcels.md"])
    before = await library.listing(FOLDER)
    assert await ingest(root, FOLDER, library) == IngestionReport(skipped=["abroad/customs.md", "parcels.md"])
    assert await library.listing(FOLDER) == before
    assert [info.version for info in before] == [1, 1]
    assert (await check_level(library))[FOLDER] == 2


async def test_a_changed_file_is_a_new_version_and_its_old_passages_are_gone(library: Library, root: Path) -> None:
    write(root, {"parcels.md": PARCELS + "\n## Pickup\n\nThe courier rings twice at the depot.\n"})
    await ingest(root, FOLDER, library)
    write(root, {"parcels.md": "# Parcels\n\nDrones carry every parcel since spring.\n"})
    assert await ingest(root, FOLDER, library) == IngestionReport(changed=["parcels.md"], skipped=["abroad/customs.md"])
    assert {info.path: info.version for info in await library.listing(FOLDER)} == {
        "abroad/customs.md": 1,
        "parcels.md": 2,
    }
    found = await texts(library, FOLDER, "Does the courier ring twice at the depot?")
    assert sorted(found) == ["Drones carry every parcel since spring.", "The recipient pays import duty at the border."]
    assert (await check_level(library))[FOLDER] == 2


async def test_a_file_that_vanished_from_its_directory_is_removed(library: Library, root: Path) -> None:
    await ingest(root, FOLDER, library)
    (root / "abroad" / "customs.md").unlink()
    assert await ingest(root, FOLDER, library) == IngestionReport(skipped=["parcels.md"], removed=["abroad/customs.md"])
    assert await paths(library, FOLDER) == ["parcels.md"]
    assert await texts(library, FOLDER, "Who pays import duty?") == ["A parcel is handed to the courier before noon."]
    assert (await check_level(library))[FOLDER] == 1


async def test_documents_of_another_directory_stay_unless_they_are_pruned(
    library: Library, root: Path, tmp_path: Path
) -> None:
    await ingest(root, FOLDER, library)
    elsewhere = write(tmp_path / "elsewhere", {"tracking.md": "# Tracking\n\nEvery label has a number.\n"})
    await ingest(elsewhere, FOLDER, library)
    assert await paths(library, FOLDER) == ["abroad/customs.md", "parcels.md", "tracking.md"]
    others = await library.listing("billing")
    report = await ingest(elsewhere, FOLDER, library, prune=True)
    assert report == IngestionReport(skipped=["tracking.md"], removed=["abroad/customs.md", "parcels.md"])
    assert await paths(library, FOLDER) == ["tracking.md"]
    assert await library.listing("billing") == others != []
    await check_level(library)


@pytest.mark.parametrize("prune", [False, True])
async def test_a_single_file_leaves_its_siblings_alone(library: Library, root: Path, prune: bool) -> None:
    write(root, {"returns.md": "# Returns\n\nA label for returns is in the box.\n"})
    await ingest(root, FOLDER, library)
    write(root, {"parcels.md": PARCELS + "\nOr after noon.\n"})
    (root / "returns.md").unlink()
    assert await ingest(root / "parcels.md", FOLDER, library, prune=prune) == IngestionReport(changed=["parcels.md"])
    assert await paths(library, FOLDER) == ["abroad/customs.md", "parcels.md", "returns.md"]


async def test_the_same_file_in_two_folders_is_two_documents(library: Library, root: Path) -> None:
    await ingest(root, FOLDER, library)
    await ingest(root, "returns", library)
    assert await paths(library, "returns") == await paths(library, FOLDER) == ["abroad/customs.md", "parcels.md"]


async def test_each_failure_has_its_reason_while_other_files_go_in(library: Library, root: Path) -> None:
    write(root, {"latin.md": "Gebühr".encode("latin-1"), "empty.md": "", "blank.txt": " \n\n", "zero.txt": b"a\0b"})
    write(root, {"matter.md": "---\ntitle: [\n---\nText.\n", "date.md": "---\ndate: 2024-02-30\n---\nText.\n"})
    with (root / "huge.txt").open("wb") as huge:
        huge.truncate(MAX_FILE_BYTES + 1)
    report = await ingest(root, FOLDER, library)
    assert report.added == ["abroad/customs.md", "parcels.md"]
    assert report.failed.pop("matter.md").startswith("the front matter is not valid")
    assert report.failed.pop("date.md").startswith("the front matter is not valid")
    assert report.failed == {
        "latin.md": "not UTF-8 text (byte 3); save the file as UTF-8",
        "empty.md": "the file holds no text",
        "blank.txt": "the file holds no text",
        "zero.txt": "the file is binary, not text",
        "huge.txt": "20,000,001 bytes; the limit is 20,000,000",
    }
    assert await paths(library, FOLDER) == ["abroad/customs.md", "parcels.md"]


async def test_a_new_version_that_cannot_be_read_leaves_the_old_one_answering(library: Library, root: Path) -> None:
    await ingest(root, FOLDER, library)
    write(root, {"parcels.md": b"\xff\xfe"})
    report = await ingest(root, FOLDER, library)
    assert list(report.failed) == ["parcels.md"]
    assert report.removed == []
    assert "A parcel is handed to the courier before noon." in await texts(library, FOLDER, "When is a parcel handed?")


async def test_files_of_unknown_formats_are_named_and_ignored(library: Library, root: Path) -> None:
    write(root, {"logo.png": b"\x89PNG", "abroad/rates.odt": b"PK", "Makefile": "all:\n", "NOTES.TXT": "Upper case."})
    report = await ingest(root, FOLDER, library)
    assert report.ignored == ["Makefile", "abroad/rates.odt", "logo.png"]
    assert report.added == ["NOTES.TXT", "abroad/customs.md", "parcels.md"]


async def test_of_many_ignored_files_the_first_are_named_and_the_rest_counted(library: Library, root: Path) -> None:
    write(root, {f"{number:03}.png": b"\x89PNG" for number in range(80)})
    write(root, {"guide.markerb": "# Guide", "notes.rst": "Notes", "old.rst": "Old", "Makefile": "all:"})
    report = await ingest(root, FOLDER, library)
    lines = report.ignored_lines()
    assert lines[:2] == ["000.png: not a known format", "001.png: not a known format"]
    assert lines[20:] == ["64 more files of no known format: 60 .png, 2 .rst, 1 without a suffix, 1 .markerb"]
    assert len(report.ignored) == 84


async def test_what_a_folder_of_unknown_formats_holds_is_told(library: Library, tmp_path: Path) -> None:
    root = write(tmp_path / "unread", {"a.rst": "A", "b.rst": "B", "README": "C"})
    with pytest.raises(DocumentsNotFound, match=r"a known format; not read: 2 \.rst, 1 without a suffix$") as refused:
        await ingest(root, FOLDER, library)
    assert sorted(refused.value.ignored) == ["README", "a.rst", "b.rst"]


async def test_hidden_files_are_left_alone_and_links_out_of_the_directory_refused(
    library: Library, root: Path, tmp_path: Path
) -> None:
    outside = write(tmp_path / "outside", {"secret.md": "# Secret\n\nNot for anyone.\n"})
    write(root, {".draft.md": "draft", ".git/readme.md": "git", "abroad/.cache/x.md": "cache"})
    (root / "secret.md").symlink_to(outside / "secret.md")
    (root / "everything").symlink_to(outside)
    (root / "dangling.md").symlink_to(root / "nowhere.md")
    (root / "again.md").symlink_to(root / "parcels.md")
    report = await ingest(root, FOLDER, library)
    assert report.added == ["abroad/customs.md", "again.md", "parcels.md"]
    assert report.failed == {
        "dangling.md": "cannot be read: No such file or directory",
        "everything/": "a link that leads out of the directory",
        "secret.md": "a link that leads out of the directory",
    }
    assert report.ignored == []


async def test_a_link_to_the_directory_is_the_directory(library: Library, root: Path, tmp_path: Path) -> None:
    await ingest(root, FOLDER, library)
    (tmp_path / "link").symlink_to(root)
    assert (await ingest(tmp_path / "link", FOLDER, library)).skipped == ["abroad/customs.md", "parcels.md"]


async def test_a_path_that_holds_nothing_is_refused_and_nothing_is_removed(
    library: Library, root: Path, tmp_path: Path
) -> None:
    await ingest(root, FOLDER, library)
    (root / "parcels.md").unlink()
    (root / "abroad" / "customs.md").rename(root / "customs.odt")
    (tmp_path / "empty").mkdir()
    for path, prune, reason in (
        (tmp_path / "missing", True, "does not exist"),
        (tmp_path / "empty", True, "holds no document"),
        (root, False, "the 2 that came from there are kept, and --prune removes them"),
    ):
        with pytest.raises(DocumentsNotFound, match=reason):
            await ingest(path, FOLDER, library, prune=prune)
    assert await paths(library, FOLDER) == ["abroad/customs.md", "parcels.md"]


async def test_progress_tells_every_file_once_with_what_became_of_it(library: Library, root: Path) -> None:
    await ingest(root, FOLDER, library)
    (root / "abroad" / "customs.md").unlink()
    write(root, {"bad.md": b"\xff", "new.md": "# New\n\nA new one.\n"})
    told: list[tuple[int, int, str, Outcome]] = []
    await ingest(root, FOLDER, library, progress=lambda *told_now: told.append(told_now))
    assert [(number, total) for number, total, _, _ in told] == [(number, 4) for number in (1, 2, 3, 4)]
    assert {(name, outcome) for _, _, name, outcome in told[:3]} == {
        ("bad.md", "failed"),
        ("new.md", "added"),
        ("parcels.md", "skipped"),
    }
    assert told[3][2:] == ("abroad/customs.md", "removed")


async def test_what_somebody_removes_while_it_moves_is_brought_in_anew(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ingest(root, FOLDER, library)
    (root / "parcels.md").rename(root / "abroad" / "parcels.md")
    move = library.move

    async def move_too_late(document: DocumentInfo, path: str, data: bytes) -> DocumentInfo:
        await library.remove(document.id)
        return await move(document, path, data)

    monkeypatch.setattr(library, "move", move_too_late)
    report = await ingest(root, FOLDER, library)
    assert report == IngestionReport(added=["abroad/parcels.md"], skipped=["abroad/customs.md"])
    assert await paths(library, FOLDER) == ["abroad/customs.md", "abroad/parcels.md"]
    await check_level(library)


async def test_a_file_that_has_only_moved_keeps_its_version_and_its_vectors(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, {"label.txt": "Every label has a number."})
    await ingest(root, FOLDER, library)
    write(root, {"parcels.md": PARCELS + "\nOr after it.\n"})
    await ingest(root, FOLDER, library)
    ids = "SELECT d.path, c.id FROM chunks c JOIN documents d ON d.id = c.document_id WHERE d.folder = ? ORDER BY 2"
    before = await library._database.read(lambda db: db.execute(ids, (FOLDER,)).fetchall())
    (root / "parcels.md").rename(root / "abroad" / "parcels.md")
    (root / "label.txt").rename(root / "tracking-numbers.txt")
    monkeypatch.setattr(library.embedder, "embed_documents", None)
    report = await ingest(root, FOLDER, library)
    assert report == IngestionReport(moved=["abroad/parcels.md", "tracking-numbers.txt"], skipped=["abroad/customs.md"])
    stored = {info.path: (info.title, info.version) for info in await library.listing(FOLDER)}
    assert stored == {
        "abroad/customs.md": ("Customs", 1),
        "abroad/parcels.md": ("Parcels", 2),
        "tracking-numbers.txt": ("Tracking numbers", 1),
    }
    after = await library._database.read(lambda db: db.execute(ids, (FOLDER,)).fetchall())
    assert [row["id"] for row in after] == [row["id"] for row in before]
    assert (await texts(library, FOLDER, "Which parcel is handed to the courier?"))[0].startswith("A parcel")
    (found,) = (await Searcher(library).search("tracking", FOLDER)).passages[:1]
    assert (found.chunk.path, found.lexical > 0) == ("tracking-numbers.txt", True)
    await check_level(library)


async def test_a_copy_is_another_document_and_an_edited_move_is_read_anew(library: Library, root: Path) -> None:
    await ingest(root, FOLDER, library)
    write(root, {"copy.md": PARCELS, "abroad/duty.md": CUSTOMS + "\nAlways.\n"})
    (root / "abroad" / "customs.md").unlink()
    report = await ingest(root, FOLDER, library)
    assert report == IngestionReport(
        added=["abroad/duty.md", "copy.md"], removed=["abroad/customs.md"], skipped=["parcels.md"]
    )


async def test_files_that_nobody_has_written_to_are_not_read_again(library: Library, root: Path) -> None:
    seen: Seen = {}
    write(root, {"bad.md": b"\xff"})
    assert list((await ingest(root, FOLDER, library, seen=seen)).failed) == ["bad.md"]
    again = await ingest(root, FOLDER, library, seen=seen)
    assert again == IngestionReport(skipped=["abroad/customs.md", "bad.md", "parcels.md"])
    (root / "parcels.md").rename(root.parent / "parcels.md")
    assert (await ingest(root, FOLDER, library, seen=seen)).removed == ["parcels.md"]
    (root.parent / "parcels.md").rename(root / "parcels.md")
    assert (await ingest(root, FOLDER, library, seen=seen)).added == ["parcels.md"]


async def test_a_large_number_of_small_documents_is_brought_in_whole(library: Library, tmp_path: Path) -> None:
    names = [f"{number % 7}/note-{number}.md" for number in range(120)]
    root = write(tmp_path / "many", {name: f"# {name}\n\nThe number of {name} is its own.\n" for name in names})
    report = await ingest(root, FOLDER, library)
    assert report == IngestionReport(added=sorted(names))
    assert (await check_level(library))[FOLDER] == len(names)
    assert (await library.sizes())[FOLDER] == len(names)


async def test_what_is_odd_in_a_folder_is_told_and_the_good_ones_all_come_in(library: Library, tmp_path: Path) -> None:
    good = {f"good-{number}.md": f"# Good {number}\n\nThe number {number} is good.\n" for number in range(20)}
    root = write(tmp_path / "docs", {**good, "all.zip": packed({"in.md": "Inside.", "../out.md": "Out."})})
    write(root, {"broken.zip": b"PK\x03\x04" + b"\0" * 60, "not.zip": "text", "latin.txt": b"\xe9", "empty.md": ""})
    with (root / "holes.md").open("wb") as holes:
        holes.truncate(2_000_000_000)
    os.mkfifo(root / "pipe.md")
    (root / "endless.txt").symlink_to("/dev/zero")
    (root / "loop.md").symlink_to("loop.md")
    (root / "up.md").symlink_to("../secret.md")
    write(tmp_path, {"secret.md": "Not for anyone."})
    report = await ingest(root, FOLDER, library)
    assert report.added == sorted(["all.zip/in.md", *good])
    assert sorted(report.failed) == sorted(
        "all.zip/../out.md broken.zip not.zip latin.txt empty.md holes.md pipe.md endless.txt loop.md up.md".split()
    )
    assert all(reason and "\n" not in reason for reason in report.failed.values())
    assert (await check_level(library))[FOLDER] == 21
