"""The discovery of documents below a path: candidate files and archive members, and what is refused or ignored.

A link may lead to another place below the root, never out of it. A file may be replaced between discovery and reading,
so reading follows no link on the way and accepts nothing but a regular file.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from knowledge.errors import DocumentsNotFound, DocumentUnreadable
from knowledge.ingestion.archives import DocumentArchive
from knowledge.loaders import can_load

_ARCHIVE = ".zip"
_LEADS_OUT = "a link that leads out of the directory"


@dataclass(frozen=True)
class CandidateFile:
    """A file or archive member that may become a document; an equal `stamp` means that nobody has written to it."""

    name: str
    size: int
    stamp: tuple[int, ...]
    read: Callable[[], bytes]


@dataclass
class DiscoveredFiles:
    """The files below a root. Names that start with `covers` are listed in full, except below those in `unseen`."""

    root: Path
    covers: str | None = None
    candidates: list[CandidateFile] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    archives: list[DocumentArchive] = field(default_factory=list)

    def missing_names(self, names: Iterable[str]) -> set[str]:
        """Return the names of documents that once came from here and are known to be gone."""
        if self.covers is None:
            return set()
        present = {candidate.name for candidate in self.candidates} | set(self.refused)
        unseen = tuple(self.unseen)
        return {
            name
            for name in names
            if name.startswith(self.covers) and name not in present and not name.startswith(unseen)
        }

    def close(self) -> None:
        """Close the archives that are still open."""
        for archive in self.archives:
            archive.close()


def find_candidates(path: Path, max_bytes: int) -> DiscoveredFiles:
    """Find the candidates in a directory, an archive or a file. A link given as `path` itself is followed."""
    if path.is_dir():
        found = DiscoveredFiles(path.resolve(), covers="")
        for name in sorted(_walk_files(found)):
            _add_candidate(found, name, max_bytes)
        return found
    if not path.exists():
        raise DocumentsNotFound(f"{path} does not exist")
    if not path.is_file():
        raise DocumentsNotFound(f"{path} is neither a directory nor a regular file")
    file = path.resolve()
    found = DiscoveredFiles(file.parent)
    if _is_archive(path.name):
        found.covers = f"{path.name}/"
        _add_archive(found, path.name, file, max_bytes)
    else:
        _add_file(found, path.name, file, max_bytes)
    return found


def read_file(root: Path, place: str, max_bytes: int) -> bytes:
    """Read a file below a root, unless it is too large."""
    try:
        with open(open_below(root, place), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > max_bytes:
                raise DocumentUnreadable(f"{size:,} bytes; the limit is {max_bytes:,}")
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise DocumentUnreadable(f"cannot be read: {error.strerror}") from error
    if len(data) > max_bytes:
        raise DocumentUnreadable(f"it grows while it is read; the limit is {max_bytes:,} bytes")
    return data


def open_below(root: Path, place: str) -> int:
    """Open a regular file from the root without following a link, and return its descriptor."""
    *directories, name = place.split("/")
    directory = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for below in directories:
            parent = directory
            directory = os.open(below, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
            os.close(parent)
        # Without O_NONBLOCK, opening a pipe would wait for a writer.
        opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
    finally:
        os.close(directory)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise DocumentUnreadable("cannot be read: not a regular file")
    return opened


def _walk_files(found: DiscoveredFiles) -> Iterator[str]:
    """Yield the names of all files below the root that are not hidden, without entering linked directories."""

    def note_error(error: OSError) -> None:
        name = PurePosixPath(error.filename).relative_to(found.root).as_posix()
        found.refused[f"{name}/"] = f"cannot be read: {error.strerror}"
        found.unseen.append("" if name == "." else f"{name}/")

    for directory, below, names in os.walk(found.root, onerror=note_error):
        below[:] = [name for name in below if not name.startswith(".")]
        where = Path(directory)
        for link in (where / name for name in below if (where / name).is_symlink()):
            if not _leads_inside(found.root, link):
                found.refused[f"{link.relative_to(found.root).as_posix()}/"] = _LEADS_OUT
        yield from ((where / name).relative_to(found.root).as_posix() for name in names if not name.startswith("."))


def _add_candidate(found: DiscoveredFiles, name: str, max_bytes: int) -> None:
    file = found.root / name
    if not can_load(name) and not _is_archive(name):
        found.ignored.append(name)
    elif not _leads_inside(found.root, file):
        found.refused[name] = _LEADS_OUT
    elif _is_archive(name):
        _add_archive(found, name, file.resolve(), max_bytes)
    else:
        _add_file(found, name, Path(os.path.realpath(file)), max_bytes)


def _add_file(found: DiscoveredFiles, name: str, file: Path, max_bytes: int) -> None:
    try:
        status = file.stat()
    except OSError as error:
        found.refused[name] = f"cannot be read: {error.strerror}"
        return
    if not stat.S_ISREG(status.st_mode):
        found.refused[name] = "cannot be read: not a regular file"
        return
    read = partial(read_file, found.root, file.relative_to(found.root).as_posix(), max_bytes)
    found.candidates.append(CandidateFile(name, status.st_size, _file_stamp(status), read))


def _add_archive(found: DiscoveredFiles, name: str, file: Path, max_bytes: int) -> None:
    """Add an archive's members as if it were a directory: their names begin with the archive's."""
    try:
        archive = DocumentArchive(partial(open_below, found.root, file.relative_to(found.root).as_posix()), max_bytes)
        status = file.stat()
    except (DocumentUnreadable, OSError) as error:
        reason = error.message if isinstance(error, DocumentUnreadable) else f"cannot be read: {error.strerror}"
        found.refused[name] = reason
        # Members of an archive that cannot be opened any more are not considered gone.
        found.unseen.append(f"{name}/")
        return
    found.archives.append(archive)
    found.refused |= {f"{name}/{member}": reason for member, reason in archive.refused.items()}
    for member in archive.members:
        inner = f"{name}/{member.filename}"
        if can_load(inner):
            read = partial(archive.read, member)
            found.candidates.append(CandidateFile(inner, member.file_size, _file_stamp(status), read))
        else:
            found.ignored.append(inner)


def _is_archive(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() == _ARCHIVE


def _leads_inside(root: Path, file: Path) -> bool:
    return Path(os.path.realpath(file)).is_relative_to(root)


def _file_stamp(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
