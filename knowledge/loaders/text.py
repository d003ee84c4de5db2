"""The loader of plain text, the decoding of bytes, and the `LoadedText` that every loader returns."""

import codecs
import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from knowledge.errors import DocumentUnreadable
from knowledge.text.characters import cleaned, cleaned_line
from knowledge.text.headings import shortened

# Longer byte order marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SURROGATES = re.compile(r"[\ud800-\udfff]")
# At this coherence or above, charset-normalizer was right on every text that was tried.
_CERTAIN = 0.5


@dataclass(frozen=True)
class LoadedText:
    """A document's title and its content as Markdown, whatever its original format.

    `pages` are the lines at which its pages begin, for formats that have pages.
    """

    title: str
    markdown: str
    pages: tuple[int, ...] = ()


def decode_text(data: bytes) -> str:
    """Decode by byte order mark, else as UTF-8, else by a certain guess; otherwise refuse, naming the invalid byte."""
    mark, encoding = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", "utf-8"))
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        text = "" if mark else _guess_text(data)
        if not text:
            raise DocumentUnreadable(
                f"not {encoding.upper()} text (byte {error.start}); save the file as UTF-8"
            ) from error
    if "\x00" in text:
        raise DocumentUnreadable("the file is binary, not text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _guess_text(data: bytes) -> str:
    """Return text of another encoding if its characters reveal which with certainty, else an empty string."""
    from charset_normalizer import from_bytes  # only odd files need it

    best = from_bytes(data).best()
    return str(best) if best and best.chaos == 0 and best.coherence >= _CERTAIN else ""


def clean_document(text: LoadedText) -> LoadedText:
    """Remove invisible characters and those invalid in a database or JSON, keeping every line in place."""
    title = shortened(cleaned_line(_SURROGATES.sub("\ufffd", text.title)))
    return replace(text, title=title, markdown=_without_invalid(text.markdown))


def _without_invalid(text: str) -> str:
    return _SURROGATES.sub("\ufffd", cleaned(text))


def title_from_name(name: str) -> str:
    """Make a title of a file's name: `refund-policy.txt` becomes `Refund policy`."""
    words = PurePosixPath(name).stem.replace("-", " ").replace("_", " ").strip()
    return shortened(words[:1].upper() + words[1:])


def load(data: bytes, name: str) -> LoadedText:
    """Load the whole file, titled after its name."""
    return LoadedText(title=title_from_name(name), markdown=decode_text(data))
