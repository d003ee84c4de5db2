"""File formats, one module each: `SUFFIXES` it reads, and `load(data, name)` that makes a `Text` of a file's bytes.

To add a format, add a module here; nothing else needs to know of it.
"""

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import PurePosixPath

from knowledge.errors import DocumentUnreadable
from knowledge.loaders.text import Text

Loader = Callable[[bytes, str], Text]


def _discover() -> dict[str, Loader]:
    found: dict[str, Loader] = {}
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        for suffix in module.SUFFIXES:
            found[suffix] = module.load
    return found


LOADERS: dict[str, Loader] = _discover()


def can_load(name: str) -> bool:
    """Whether a file of this name is of a known format."""
    return PurePosixPath(name).suffix.lower() in LOADERS


def load(data: bytes, name: str) -> Text:
    """The text of a file, or `DocumentUnreadable` with the reason."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in LOADERS:
        raise DocumentUnreadable(
            f"the format {suffix or 'without a suffix'} is not known; known are {', '.join(sorted(LOADERS))}"
        )
    text = LOADERS[suffix](data, name)
    if not text.markdown.strip():
        raise DocumentUnreadable("the file holds no text")
    return text


__all__ = ["LOADERS", "Text", "can_load", "load"]
