"""Assembly of uploaded files from the chunks that a browser sends, one file at a time."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Protocol

# The page accepts no more at once, and the server no larger upload request.
FILES_AT_ONCE = 20


class UploadChunk(Protocol):
    """A piece of a file, with its offset."""

    filename: str
    offset: int
    data: bytes


@dataclass
class UploadedFile:
    """A complete file; of one that is too large, only the size is kept."""

    name: str
    size: int = 0
    data: bytes | None = b""

    @property
    def is_archive(self) -> bool:
        """True for a zip archive of documents."""
        return self.name.lower().endswith(".zip")


async def assemble_files(chunks: AsyncIterator[UploadChunk], most: int) -> AsyncGenerator[UploadedFile, None]:
    """Yield each file as soon as it is complete. Later chunks are not read before the next file is requested."""
    file: UploadedFile | None = None
    held = bytearray()
    async for chunk in chunks:
        if file is None or chunk.offset == 0:
            if file:
                yield _complete_file(file, held, most)
            file, held = UploadedFile(chunk.filename), bytearray()
        file.size += len(chunk.data)
        if file.size <= most:
            held += chunk.data
        else:
            held.clear()
    if file:
        yield _complete_file(file, held, most)


def _complete_file(file: UploadedFile, held: bytearray, most: int) -> UploadedFile:
    file.data = bytes(held) if file.size <= most else None
    return file


def format_megabytes(size: int) -> str:
    """Format a size for people."""
    return f"{size / 1_000_000:.3g} MB"
