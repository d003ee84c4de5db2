"""Plain text, and the shape that every format is brought into."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from knowledge.errors import DocumentUnreadable

SUFFIXES = (".txt", ".text")


@dataclass(frozen=True)
class Text:
    """A document's title and its content as Markdown, whatever format it came in."""

    title: str
    markdown: str


def decode(data: bytes) -> str:
    """UTF-8 with or without a byte order mark; anything else is refused with the place where it breaks."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentUnreadable(f"not UTF-8 text (byte {error.start}); save the file as UTF-8") from error
    if "\x00" in text:
        raise DocumentUnreadable("the file is binary, not text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def title_from_name(name: str) -> str:
    """`refund-policy.txt` becomes `Refund policy`."""
    words = PurePosixPath(name).stem.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def load(data: bytes, name: str) -> Text:
    """The whole file, titled after its name."""
    return Text(title=title_from_name(name), markdown=decode(data))
