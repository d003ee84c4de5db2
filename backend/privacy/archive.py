"""A zip archive that is sent while it grows: at no time is more of it in memory than a piece of one file."""

import asyncio
import time
import zipfile
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from typing import NamedTuple

# What is compressed on a thread in one go, and then sent.
_PIECE_BYTES = 256 * 1024


class File(NamedTuple):
    """A file of an archive: its path, and its content as it is read."""

    path: str
    content: AsyncIterable[bytes]


async def zipped(files: AsyncIterable[File]) -> AsyncGenerator[bytes]:
    """The archive of these files. One that breaks off has no directory at its end, which shows when it is opened."""
    out = _Out()
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
    """Small parts together, so that each does not cost a change of threads."""
    gathered = bytearray()
    async for part in content:
        gathered += part
        if len(gathered) >= _PIECE_BYTES:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)


class _Out:
    """A file that can only be written to; without a position, `zipfile` never goes back in it."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is kept open; `zipfile` leaves this to whoever opened it."""

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = bytes(self._written)
        self._written.clear()
        return taken
