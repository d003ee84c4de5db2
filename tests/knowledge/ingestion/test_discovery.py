"""What lies below a root, what is refused there, and what was swapped between the look and the reading."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.errors import DocumentsNotFound, DocumentUnreadable
from knowledge.ingestion.discovery import find_candidates
from tests.knowledge.parts import write

LIMIT = 1_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two documents, one of them in a directory, and a secret beside it all."""
    write(tmp_path, {"secret/b.md": "Not for anyone."})
    return write(tmp_path / "docs", {"a.md": "A.", "in/b.md": "B."})


def test_what_is_no_regular_file_is_refused_without_being_opened(root: Path) -> None:
    os.mkfifo(root / "pipe.md")
    (root / "device.txt").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(root / "socket.md"))
        found = find_candidates(root, LIMIT)
    assert [candidate.name for candidate in found.candidates] == ["a.md", "in/b.md"]
    assert found.refused == {
        "device.txt": "a link that leads out of the directory",
        "pipe.md": "cannot be read: not a regular file",
        "socket.md": "cannot be read: not a regular file",
    }


@pytest.mark.parametrize("path", ["/dev/null", "pipe"])
def test_only_directories_and_files_can_be_named(tmp_path: Path, path: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DocumentsNotFound, match="neither a directory nor a regular file"):
        find_candidates(tmp_path / path, LIMIT)


def link_instead(root: Path) -> None:
    (root / "in" / "b.md").unlink()
    (root / "in" / "b.md").symlink_to(root.parent / "secret" / "b.md")


def linked_directory_instead(root: Path) -> None:
    (root / "in").rename(root / "elsewhere")
    (root / "in").symlink_to(root.parent / "secret")


def pipe_instead(root: Path) -> None:
    (root / "in" / "b.md").unlink()
    os.mkfifo(root / "in" / "b.md")


def directory_instead(root: Path) -> None:
    (root / "in" / "b.md").unlink()
    (root / "in" / "b.md").mkdir()


def nothing_instead(root: Path) -> None:
    (root / "in" / "b.md").unlink()


def more_instead(root: Path) -> None:
    (root / "in" / "b.md").write_bytes(b"b" * (LIMIT + 1))


@pytest.mark.parametrize(
    ("swap", "reason"),
    [
        (link_instead, "cannot be read: Too many levels of symbolic links"),
        (linked_directory_instead, "cannot be read: Not a directory"),
        (pipe_instead, "cannot be read: not a regular file"),
        (directory_instead, "cannot be read: not a regular file"),
        (nothing_instead, "cannot be read: No such file or directory"),
        (more_instead, "1,001 bytes; the limit is 1,000"),
    ],
)
def test_what_was_swapped_since_it_was_looked_at_is_not_read(
    root: Path, swap: Callable[[Path], None], reason: str
) -> None:
    first, second = find_candidates(root, LIMIT).candidates
    assert (first.read(), second.read()) == (b"A.", b"B.")
    swap(root)
    assert first.read() == b"A."
    with pytest.raises(DocumentUnreadable) as refused:
        second.read()
    assert refused.value.message == reason


def test_a_file_of_holes_is_refused_by_its_size(root: Path) -> None:
    with (root / "holes.md").open("wb") as holes:
        holes.truncate(2_000_000_000)
    (holes_found,) = [
        candidate for candidate in find_candidates(root, LIMIT).candidates if candidate.name == "holes.md"
    ]
    with pytest.raises(DocumentUnreadable, match="2,000,000,000 bytes; the limit is 1,000"):
        holes_found.read()


def test_a_link_within_the_directory_is_read_where_it_leads(root: Path) -> None:
    (root / "in" / "again.md").symlink_to("../a.md")
    (again,) = [candidate for candidate in find_candidates(root, LIMIT).candidates if candidate.name == "in/again.md"]
    assert again.read() == b"A."
    (root / "a.md").unlink()
    (root / "a.md").symlink_to(root.parent / "secret" / "b.md")
    with pytest.raises(DocumentUnreadable, match="symbolic links"):
        again.read()


def test_what_a_directory_that_cannot_be_read_held_is_not_gone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may run as root, whom no permission keeps out: so the look itself is refused."""
    scan = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "in":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = find_candidates(root, LIMIT)
    assert found.refused == {"in/": "cannot be read: Permission denied"}
    assert found.missing_names(["a.md", "in/b.md", "gone.md"]) == {"gone.md"}


def test_a_single_file_says_nothing_of_others(root: Path) -> None:
    found = find_candidates(root / "a.md", LIMIT)
    assert [candidate.name for candidate in found.candidates] == ["a.md"]
    assert found.missing_names(["a.md", "b.md"]) == set()
