"""A zip archive that is streamed while it is made, with no more in memory than a piece of one file."""

import asyncio
import time
import zipfile
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from typing import NamedTuple

# The size of the pieces that are compressed on a thread, and then sent.
_PIECE_BYTES = 256 * 1024


class ArchiveFile(NamedTuple):
    """A file of an archive, with its content as a stream."""

    path: str
    content: AsyncIterable[bytes]


async def zipped(files: AsyncIterable[ArchiveFile]) -> AsyncGenerator[bytes]:
    """Yield an archive of the files; if it breaks off, the missing central directory shows when it is opened."""
    out = _ForwardOnlyFile()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        async for file in files:
            entry = zipfile.ZipInfo(file.path, time.gmtime()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            with archive.open(entry, "w") as opened:
                async for piece in _in_pieces(file.content):
                    await asyncio.to_thread(opened.write, piece)
                    if written := out.take():
                        yield written
    yield out.take()


async def _in_pieces(content: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Combine small parts, so that not each of them costs a switch of threads."""
    gathered = bytearray()
    async for part in content:
        gathered += part
        if len(gathered) >= _PIECE_BYTES:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)


class _ForwardOnlyFile:
    """A write-only file; because it has no position, `zipfile` never seeks in it."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def flush(self) -> None:
        """Do nothing, since nothing is buffered."""

    def close(self) -> None:
        """Do nothing, since nothing is open; `zipfile` leaves closing to the caller."""

    def take(self) -> bytes:
        """Return and drop the bytes written since the last call."""
        taken = bytes(self._written)
        self._written.clear()
        return taken
