"""File formats, one module each: its `load(data, name)` makes a `Text` of a file's bytes.

To add a format, add a module here and name it in `_FORMATS`; nothing else needs to know of it. A module is imported
when its first file comes: the desk itself never needs what the formats need.
"""

import importlib
from pathlib import PurePosixPath

from knowledge.errors import DocumentUnreadable
from knowledge.loaders.text import Text, cleaned

_FORMATS = {
    "markdown": (".md", ".markdown"),
    "text": (".txt", ".text"),
    "html": (".html", ".htm"),
    "pdf.loader": (".pdf",),
    "docx": (".docx",),
    "csv": (".csv", ".tsv"),
    "xlsx": (".xlsx",),
    "jsonl": (".jsonl", ".ndjson"),
}
_MODULES = {suffix: module for module, suffixes in _FORMATS.items() for suffix in suffixes}
SUFFIXES = tuple(_MODULES)

# More than a thousand printed books' pages; what grows beyond it out of a small file is meant to.
MAX_TEXT_CHARS = 20_000_000


def can_load(name: str) -> bool:
    """Whether a file of this name is of a known format."""
    return _suffix(name) in _MODULES


def load(data: bytes, name: str) -> Text:
    """The text of a file, or `DocumentUnreadable` with the reason. What a library raises at damage is passed on."""
    suffix = _suffix(name)
    if suffix not in _MODULES:
        raise DocumentUnreadable(
            f"the format {suffix or 'without a suffix'} is not known; known are {', '.join(sorted(_MODULES))}"
        )
    text: Text = importlib.import_module(f"{__name__}.{_MODULES[suffix]}").load(data, name)
    if len(text.markdown) > MAX_TEXT_CHARS:
        raise DocumentUnreadable(
            f"the file holds {len(text.markdown):,} characters of text; the limit is {MAX_TEXT_CHARS:,}; split it"
        )
    text = cleaned(text)
    if not text.markdown.strip():
        raise DocumentUnreadable("the file holds no text")
    return text


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


__all__ = ["SUFFIXES", "Text", "can_load", "load"]
