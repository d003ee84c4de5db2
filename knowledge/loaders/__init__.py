"""The loaders of the file formats, one module each, whose `load(data, name)` turns a file's bytes into a `LoadedText`.

To add a format, add a module here and name it in `_FORMATS`; nothing else needs to know of it. A module is imported
with the first file of its format: the server process itself never loads the parser libraries.
"""

import importlib
from pathlib import PurePosixPath

from knowledge.errors import DocumentUnreadable
from knowledge.loaders.text import LoadedText, clean_document

_FORMATS = {
    "markdown": (".md", ".markdown", ".mdx"),
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

# More than a thousand printed pages of a book; a small file that grows beyond it does so on purpose.
MAX_TEXT_CHARS = 20_000_000


def can_load(name: str) -> bool:
    """Tell by its name whether a file is of a known format."""
    return _suffix_of(name) in _MODULES


def load(data: bytes, name: str) -> LoadedText:
    """Return the text of a file, or raise `DocumentUnreadable`; a parser library's errors at damage are passed on."""
    suffix = _suffix_of(name)
    if suffix not in _MODULES:
        raise DocumentUnreadable(
            f"the format {suffix or 'without a suffix'} is not known; known are {', '.join(sorted(_MODULES))}"
        )
    text: LoadedText = importlib.import_module(f"{__name__}.{_MODULES[suffix]}").load(data, name)
    if len(text.markdown) > MAX_TEXT_CHARS:
        raise DocumentUnreadable(
            f"the file holds {len(text.markdown):,} characters of text; the limit is {MAX_TEXT_CHARS:,}; split it"
        )
    text = clean_document(text)
    if not text.markdown.strip():
        raise DocumentUnreadable("the file holds no text")
    return text


def _suffix_of(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


__all__ = ["SUFFIXES", "LoadedText", "can_load", "load"]
