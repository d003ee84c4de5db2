"""Zip archives, read member by member in memory: nothing is ever unpacked to disk.

An archive's own figures cannot be trusted, so the directory of members is limited before it is read, and each member
before it is unpacked.
"""

import io
import re
import stat
import struct
import threading
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath

from knowledge.errors import DocumentUnreadable

MAX_MEMBERS = 10_000
MAX_UNPACKED_BYTES = 1_000_000_000
# The limit of the directory of members, which is read in one piece; no names are that long.
_MAX_LIST_BYTES = 500 * MAX_MEMBERS
_PIECE_BYTES = 65_536
_REPEATED = "it is there more than once under this name, and only the first is read; make the archive anew"
_ENCRYPTED = 0x1
_DRIVE = re.compile(r"[A-Za-z]:")
# The exceptions that `zipfile` raises on archives that are damaged or malicious.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    OverflowError,
    NotImplementedError,
    OSError,
)


class DocumentArchive:
    """A zip archive with its readable and its refused members; its file is open from the first read to the last."""

    def __init__(self, open_file: Callable[[], int], max_bytes: int) -> None:
        self._open_file = open_file
        self._opening = threading.Lock()
        self._opened: tuple[zipfile.ZipFile, io.FileIO] | None = None
        try:
            listed = [
                info for info in self._open_zip().infolist() if not info.is_dir() and not _is_hidden(info.filename)
            ]
        except _DAMAGE as error:
            raise DocumentUnreadable(f"not a zip archive, or a damaged one: {error}") from error
        finally:
            self.close()
        _check_size(listed)
        self.members: list[zipfile.ZipInfo] = []
        self.refused: dict[str, str] = {}
        names: set[str] = set()
        for info in listed:
            if reason := _REPEATED if info.filename in names else _refusal_reason(info, max_bytes):
                self.refused.setdefault(info.filename, reason)
            else:
                self.members.append(info)
            names.add(info.filename)
        self._unread = len(self.members)

    @property
    def is_open(self) -> bool:
        """True while the archive's file is open."""
        return self._opened is not None

    def read(self, member: zipfile.ZipInfo) -> bytes:
        """Return the content of a member, which is never larger than the archive declares."""
        try:
            with self._open_zip().open(member) as packed:
                # A single read would unpack all of it before `zipfile` cuts it at the declared size.
                return b"".join(iter(partial(packed.read, _PIECE_BYTES), b""))
        except _DAMAGE as error:
            raise DocumentUnreadable(f"damaged in its archive: {error}") from error
        finally:
            self._count_read()

    def close(self) -> None:
        """Close the file."""
        with self._opening:
            if self._opened is not None:
                for opened in self._opened:
                    opened.close()
            self._opened = None

    def _open_zip(self) -> zipfile.ZipFile:
        with self._opening:
            if self._opened is None:
                file = _Frugal(self._open_file())
                try:
                    self._opened = zipfile.ZipFile(file), file
                except BaseException:
                    file.close()
                    raise
            return self._opened[0]

    def _count_read(self) -> None:
        with self._opening:
            self._unread -= 1
            is_last = not self._unread
        if is_last:
            self.close()


class _Frugal(io.FileIO):
    """A file that refuses to read an oversized directory of members."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _MAX_LIST_BYTES:
            raise DocumentUnreadable(_too_many())
        return super().read(size) or b""


def _check_size(listed: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive that has too many members or is too large unpacked."""
    if len(listed) > MAX_MEMBERS:
        raise DocumentUnreadable(_too_many())
    unpacked = sum(info.file_size for info in listed)
    if unpacked > MAX_UNPACKED_BYTES:
        raise DocumentUnreadable(f"{unpacked:,} bytes when unpacked; the limit is {MAX_UNPACKED_BYTES:,}")


def _too_many() -> str:
    return f"it has more than {MAX_MEMBERS:,} members; make several archives of it"


def _refusal_reason(info: zipfile.ZipInfo, max_bytes: int) -> str | None:
    """Return the reason why a member must not be read, if there is one."""
    name, mode = info.filename, info.external_attr >> 16
    if _leads_out(name):
        return "its name leads out of the archive"
    if stat.S_IFMT(mode) and not stat.S_ISREG(mode):
        return "a link or a device, not a file"
    if PurePosixPath(name).suffix.lower() == ".zip":
        return "an archive within an archive; unpack it"
    if info.flag_bits & _ENCRYPTED:
        return "encrypted; make the archive without a password"
    # With other methods `zipfile` unpacks more than it is asked for.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "packed by another method than deflate; make the archive anew"
    if info.file_size > max_bytes:
        return f"{info.file_size:,} bytes; the limit is {max_bytes:,}"
    return None


def _leads_out(name: str) -> bool:
    return "\\" in name or bool(_DRIVE.match(name)) or not {"", ".", ".."}.isdisjoint(name.split("/"))


def _is_hidden(name: str) -> bool:
    return not _leads_out(name) and any(part.startswith(".") for part in name.split("/"))
