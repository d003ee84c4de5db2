"""Zip archives: good members become documents, and nothing in an archive leads out of it or takes more than it may."""

import io
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.errors import DocumentsNotFound, DocumentUnreadable
from knowledge.ingestion import archives
from knowledge.ingestion.discovery import find_candidates
from knowledge.ingestion.ingest import IngestionReport, ingest
from knowledge.library import Library
from tests.knowledge.parts import check_level, packed, paths, texts, write

FOLDER = "shipping"
LIMIT = 100_000
GOOD = {"guide/parcels.md": "# Parcels\n\nA parcel leaves before noon.\n", "customs.txt": "The recipient pays duty.\n"}


def special(name: str, mode: int, content: str) -> bytes:
    """An archive with one member that says it is no plain file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = (mode | 0o777) << 16
        archive.writestr(info, content)
    return file.getvalue()


def flagged(data: bytes, bit: int) -> bytes:
    """An archive whose members all have a flag set, such as the one that says that they are encrypted."""
    changed = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = changed.find(signature)
        while place >= 0:
            changed[place + offset] |= bit
            place = changed.find(signature, place + 4)
    return bytes(changed)


def understated(name: str, content: bytes, said: int) -> bytes:
    """An archive with a member that unpacks to more than its list says."""
    data = bytearray(packed({name: content}))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.find(signature) + offset, said)
    return bytes(data)


async def test_members_are_documents_below_the_archives_name(library: Library, tmp_path: Path) -> None:
    root = write(tmp_path / "docs", {"all.zip": packed({**GOOD, "logo.png": b"\x89PNG", "__MACOSX/._x.md": "x"})})
    report = await ingest(root, FOLDER, library)
    assert report == IngestionReport(
        added=["all.zip/customs.txt", "all.zip/guide/parcels.md"], ignored=["all.zip/logo.png"]
    )
    assert "The recipient pays duty." in await texts(library, FOLDER, "Who pays duty?")
    assert (await ingest(root, FOLDER, library)).skipped == report.added
    write(root, {"all.zip": packed({"guide/parcels.md": "# Parcels\n\nDrones carry them.\n", "new.md": "New."})})
    again = await ingest(root, FOLDER, library)
    assert again == IngestionReport(
        added=["all.zip/new.md"], changed=["all.zip/guide/parcels.md"], removed=["all.zip/customs.txt"]
    )
    await check_level(library)
    assert sorted(file.name for file in root.rglob("*")) == ["all.zip"]


async def test_of_members_of_one_name_the_first_is_read(library: Library, tmp_path: Path) -> None:
    said = ("# Parcels\n\nOn foot.\n", "# Parcels\n\nBy drone.\n", "# Parcels\n\nBy ship.\n")
    data = packed({f"parcels.m{number}": content for number, content in enumerate(said)})
    for number in range(len(said)):
        data = data.replace(b"parcels.m%d" % number, b"parcels.md")
    root = write(tmp_path / "docs", {"all.zip": data})
    report = await ingest(root, FOLDER, library)
    assert (report.added, list(report.failed)) == (["all.zip/parcels.md"], ["all.zip/parcels.md"])
    assert "only the first is read" in report.failed["all.zip/parcels.md"]
    assert await texts(library, FOLDER, "How do parcels travel?") == ["On foot."]
    again = await ingest(root, FOLDER, library)
    assert (again.skipped, again.changed) == (["all.zip/parcels.md"], [])


async def test_an_archive_by_itself_is_a_directory_of_its_own(library: Library, tmp_path: Path) -> None:
    root = write(tmp_path / "docs", {"all.zip": packed({**GOOD}), "beside.md": "Beside it."})
    await ingest(root, FOLDER, library)
    write(root, {"all.zip": packed({"customs.txt": GOOD["customs.txt"]})})
    (root / "beside.md").unlink()
    report = await ingest(root / "all.zip", FOLDER, library)
    assert report == IngestionReport(removed=["all.zip/guide/parcels.md"], skipped=["all.zip/customs.txt"])
    assert await paths(library, FOLDER) == ["all.zip/customs.txt", "beside.md"]
    write(root, {"all.zip": packed({})})
    with pytest.raises(DocumentsNotFound, match="the 1 that came from there are kept, and --prune removes them"):
        await ingest(root / "all.zip", FOLDER, library)


async def test_what_a_damaged_archive_held_stays_and_is_not_gone(library: Library, tmp_path: Path) -> None:
    whole = packed({**GOOD})
    root = write(tmp_path / "docs", {"all.zip": whole, "beside.md": "Beside it."})
    await ingest(root, FOLDER, library)
    write(root, {"all.zip": whole[: len(whole) // 2]})
    report = await ingest(root, FOLDER, library)
    assert report.removed == []
    assert report.failed == {"all.zip": "not a zip archive, or a damaged one: File is not a zip file"}
    assert len(await paths(library, FOLDER)) == 3


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../out.md", "its name leads out of the archive"),
        ("in/../../out.md", "its name leads out of the archive"),
        ("/etc/out.md", "its name leads out of the archive"),
        ("in//out.md", "its name leads out of the archive"),
        ("..\\out.md", "its name leads out of the archive"),
        ("C:/out.md", "its name leads out of the archive"),
        ("inner.zip", "an archive within an archive; unpack it"),
        ("large.md", "100,001 bytes; the limit is 100,000"),
    ],
)
def test_a_member_that_is_refused_leaves_the_others_alone(tmp_path: Path, name: str, reason: str) -> None:
    content = "x" * (LIMIT + 1) if name == "large.md" else "Out."
    found = find_candidates(write(tmp_path, {"all.zip": packed({name: content, **GOOD})}), LIMIT)
    assert found.refused == {f"all.zip/{name}": reason}
    assert [candidate.read().decode() for candidate in found.candidates] == list(GOOD.values())


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (special("a.md", stat.S_IFLNK, "/etc/passwd"), "a link or a device, not a file"),
        (special("a.md", stat.S_IFIFO, ""), "a link or a device, not a file"),
        (special("a.md", stat.S_IFCHR, ""), "a link or a device, not a file"),
        (flagged(packed({"a.md": "A."}), 0x1), "encrypted; make the archive without a password"),
        (packed({"a.md": "A."}, compression=zipfile.ZIP_BZIP2), "packed by another method than deflate"),
        (packed({"a.md": "A."}, compression=zipfile.ZIP_LZMA), "packed by another method than deflate"),
    ],
    ids=["link", "pipe", "device", "encrypted", "bzip2", "lzma"],
)
def test_what_is_no_plain_packed_file_is_refused(tmp_path: Path, archive: bytes, reason: str) -> None:
    found = find_candidates(write(tmp_path, {"all.zip": archive}), LIMIT)
    assert not found.candidates
    assert found.refused["all.zip/a.md"].startswith(reason)


def test_a_member_never_unpacks_to_more_than_it_says(tmp_path: Path) -> None:
    found = find_candidates(write(tmp_path, {"all.zip": understated("a.md", b"x" * 50_000_000, 10)}), LIMIT)
    (member,) = found.candidates
    with pytest.raises(DocumentUnreadable, match="damaged in its archive: Bad CRC-32"):
        member.read()


def too_many(monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 2)
    return packed({f"{number}.md": "x" for number in range(3)})


def a_long_list(monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setattr(archives, "_MAX_LIST_BYTES", 100)
    return packed({f"{number}.md": "x" for number in range(3)})


def too_large(monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 1_000)
    return packed({"a.md": "x" * 600, "b.md": "y" * 600})


@pytest.mark.parametrize(
    ("make", "reason"),
    [(too_many, "it has more than"), (a_long_list, "it has more than"), (too_large, "1,200 bytes when unpacked; the")],
)
def test_an_archive_of_too_much_is_refused_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[pytest.MonkeyPatch], bytes], reason: str
) -> None:
    found = find_candidates(write(tmp_path, {"all.zip": make(monkeypatch), "beside.md": "Beside."}), LIMIT)
    assert [candidate.name for candidate in found.candidates] == ["beside.md"]
    assert found.refused["all.zip"].startswith(reason)


def test_archives_are_closed_once_all_is_read_or_nobody_wants_more(tmp_path: Path) -> None:
    found = find_candidates(write(tmp_path, {"all.zip": packed({**GOOD})}), LIMIT)
    (archive,) = found.archives
    first, second = found.candidates
    first.read()
    assert archive.is_open
    second.read()
    assert not archive.is_open
    again = find_candidates(tmp_path, LIMIT)
    again.candidates[0].read()
    again.close()
    assert not again.archives[0].is_open


@pytest.mark.parametrize("length", [0, 1, 22, 60, 150])
@pytest.mark.parametrize("at_end", [False, True])
def test_pieces_of_archives_are_clear_refusals(tmp_path: Path, length: int, at_end: bool) -> None:
    whole = packed({**GOOD})
    found = find_candidates(
        write(tmp_path, {"all.zip": whole[-length:] if at_end and length else whole[:length]}), LIMIT
    )
    assert found.candidates or list(found.refused) == ["all.zip"]
    for candidate in found.candidates:
        with pytest.raises(DocumentUnreadable, match="damaged in its archive"):
            candidate.read()
