"""The check of Word and Excel files as archives: they may be damaged, encrypted, or far too large when unpacked."""

import io
import zipfile

from knowledge.errors import DocumentUnreadable

# Some hundred times the size of a large document. An entry never unpacks to more than it declares.
MAX_UNFOLDED_BYTES = 100_000_000
# The signature of files from before 2007 and of files with a password.
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def open_checked(data: bytes, kind: str) -> io.BytesIO:
    """Return the file for a parser library to read, or raise `DocumentUnreadable`."""
    if data.startswith(_COMPOUND):
        raise DocumentUnreadable(f"it has a password, or is of an old format; save it as {kind} without a password")
    file = io.BytesIO(data)
    try:
        with zipfile.ZipFile(file) as archive:
            unfolded = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise DocumentUnreadable(f"it is damaged, or no {kind} file; save it anew") from error
    if unfolded > MAX_UNFOLDED_BYTES:
        raise DocumentUnreadable(f"it unfolds to {unfolded:,} bytes; the limit is {MAX_UNFOLDED_BYTES:,}; split it")
    return file
