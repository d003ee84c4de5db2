"""A parser for server-sent events from arbitrary chunks of bytes. Lines end with LF or CRLF."""

from collections.abc import Iterator
from typing import NamedTuple

MAX_FRAME_BYTES = 4_000_000
_BOM = b"\xef\xbb\xbf"


class SseFrame(NamedTuple):
    """The fields between two blank lines."""

    id: str | None
    data: str


class FrameInvalid(ValueError):
    """Bytes that are not a valid frame, or a frame above the size limit."""


class SseParser:
    """An incremental parser that yields complete frames. A frame that no blank line ends was cut off and is dropped."""

    def __init__(self, max_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_bytes = max_bytes
        self._line = bytearray()
        self._size = 0
        self._id: str | None = None
        self._data: list[str] = []
        self._first = True

    def feed(self, chunk: bytes) -> Iterator[SseFrame]:
        """Yield the frames that these bytes complete."""
        *ended, rest = chunk.split(b"\n")
        for end in ended:
            self._append_bytes(end)
            # Only whole lines are decoded, so that chunks may split a character.
            line = bytes(self._line).removesuffix(b"\r")
            self._line.clear()
            if frame := self._read_line(line):
                yield frame
        self._append_bytes(rest)

    def _append_bytes(self, piece: bytes) -> None:
        self._line += piece
        self._size += len(piece)
        if self._size > self._max_bytes:
            raise FrameInvalid(f"a frame is larger than {self._max_bytes:,} bytes")

    def _read_line(self, line: bytes) -> SseFrame | None:
        if self._first:
            self._first, line = False, line.removeprefix(_BOM)
        if not line:
            return self._complete_frame()
        try:
            name, _, value = line.decode().partition(":")
        except UnicodeDecodeError as error:
            raise FrameInvalid("a frame is not UTF-8") from error
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "id":
            self._id = value
        return None

    def _complete_frame(self) -> SseFrame | None:
        frame = SseFrame(self._id, "\n".join(self._data)) if self._data else None
        self._size, self._id, self._data = 0, None, []
        return frame
