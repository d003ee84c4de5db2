"""Files as a browser sends them, put together one at a time."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Protocol

# The page takes no more at once, and the desk no larger request than so many files.
FILES_AT_ONCE = 20


class Chunk(Protocol):
    """A piece of a file, and where in it."""

    filename: str
    offset: int
    data: bytes


@dataclass
class File:
    """A whole one, but for what is too large: of that only the size is kept."""

    name: str
    size: int = 0
    data: bytes | None = b""

    @property
    def is_archive(self) -> bool:
        """Whether it holds documents, rather than being one."""
        return self.name.lower().endswith(".zip")


async def whole(chunks: AsyncIterator[Chunk], most: int) -> AsyncGenerator[File, None]:
    """Each file as soon as all of it is there. What comes after it is not read before the next one is wanted."""
    file: File | None = None
    held = bytearray()
    async for chunk in chunks:
        if file is None or chunk.offset == 0:
            if file:
                yield _ended(file, held, most)
            file, held = File(chunk.filename), bytearray()
        file.size += len(chunk.data)
        if file.size <= most:
            held += chunk.data
        else:
            held.clear()
    if file:
        yield _ended(file, held, most)


def _ended(file: File, held: bytearray, most: int) -> File:
    file.data = bytes(held) if file.size <= most else None
    return file


def megabytes(size: int) -> str:
    """For people."""
    return f"{size / 1_000_000:.3g} MB"
