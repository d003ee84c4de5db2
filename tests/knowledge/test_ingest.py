"""What becomes of files: brought in, changed, removed, refused, left alone."""

from pathlib import Path

import pytest

from knowledge.errors import DocumentsNotFound
from knowledge.ingest import MAX_FILE_BYTES, Outcome, Report, ingest
from knowledge.library import Library
from tests.knowledge.parts import check_level, paths, texts, write

FOLDER = "shipping"
PARCELS = "# Parcels\n\nA parcel is handed to the courier before noon.\n"
CUSTOMS = "# Customs\n\nThe recipient pays import duty at the border.\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two documents on disk."""
    return write(tmp_path / "docs", {"parcels.md": PARCELS, "abroad/customs.md": CUSTOMS})


async def test_new_files_are_added_and_the_next_time_skipped(library: Library, root: Path) -> None:
    assert await ingest(root, FOLDER, library) == Report(added=["abroad/customs.md", "parcels.md"])
    before = await library.listing(FOLDER)
    assert await ingest(root, FOLDER, library) == Report(skipped=["abroad/customs.md", "parcels.md"])
    assert await library.listing(FOLDER) == before
    assert [info.version for info in before] == [1, 1]
    assert (await check_level(library))[FOLDER] == 2


async def test_a_changed_file_is_a_new_version_and_its_old_passages_are_gone(library: Library, root: Path) -> None:
    write(root, {"parcels.md": PARCELS + "\n## Pickup\n\nThe courier rings twice at the depot.\n"})
    await ingest(root, FOLDER, library)
    write(root, {"parcels.md": "# Parcels\n\nDrones carry every parcel since spring.\n"})
    assert await ingest(root, FOLDER, library) == Report(changed=["parcels.md"], skipped=["abroad/customs.md"])
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
    assert await ingest(root, FOLDER, library) == Report(skipped=["parcels.md"], removed=["abroad/customs.md"])
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
    assert report == Report(skipped=["tracking.md"], removed=["abroad/customs.md", "parcels.md"])
    assert await paths(library, FOLDER) == ["tracking.md"]
    assert await library.listing("billing") == others != []
    await check_level(library)


@pytest.mark.parametrize("prune", [False, True])
async def test_a_single_file_leaves_its_siblings_alone(library: Library, root: Path, prune: bool) -> None:
    write(root, {"returns.md": "# Returns\n\nA label for returns is in the box.\n"})
    await ingest(root, FOLDER, library)
    write(root, {"parcels.md": PARCELS + "\nOr after noon.\n"})
    (root / "returns.md").unlink()
    assert await ingest(root / "parcels.md", FOLDER, library, prune=prune) == Report(changed=["parcels.md"])
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


async def test_a_file_that_goes_away_before_it_is_read_fails_alone(library: Library, root: Path) -> None:
    def remove_the_second(number: int, total: int, name: str, outcome: Outcome) -> None:
        (root / "lost.md").unlink(missing_ok=True)

    write(root, {"lost.md": "# Lost\n\nA lost parcel is searched for.\n"})
    report = await ingest(root, FOLDER, library, progress=remove_the_second)
    assert report.added == ["abroad/customs.md", "parcels.md"]
    assert report.failed == {"lost.md": "cannot be read: No such file or directory"}


async def test_a_directory_in_the_place_of_a_file_fails_alone(library: Library, root: Path) -> None:
    def swap(number: int, total: int, name: str, outcome: Outcome) -> None:
        if number == 1:
            (root / "parcels.md").unlink()
            (root / "parcels.md").mkdir()

    report = await ingest(root, FOLDER, library, progress=swap)
    assert report == Report(added=["abroad/customs.md"], failed={"parcels.md": "cannot be read: Is a directory"})


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


async def test_hidden_files_and_links_out_of_the_directory_are_left_alone(
    library: Library, root: Path, tmp_path: Path
) -> None:
    outside = write(tmp_path / "outside", {"secret.md": "# Secret\n\nNot for anyone.\n"})
    write(root, {".draft.md": "draft", ".git/readme.md": "git", "abroad/.cache/x.md": "cache"})
    (root / "secret.md").symlink_to(outside / "secret.md")
    (root / "everything").symlink_to(outside)
    (root / "dangling.md").symlink_to(root / "nowhere.md")
    (root / "again.md").symlink_to(root / "parcels.md")
    report = await ingest(root, FOLDER, library)
    assert report == Report(added=["abroad/customs.md", "again.md", "parcels.md"])


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
        (root, False, "--prune removes the 2 that it brought"),
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
    assert told == [
        (1, 4, "bad.md", "failed"),
        (2, 4, "new.md", "added"),
        (3, 4, "parcels.md", "skipped"),
        (4, 4, "abroad/customs.md", "removed"),
    ]
