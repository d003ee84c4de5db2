"""The validation of a document's path, whether it comes from a form, an archive or a disk."""

from knowledge.errors import DocumentUnreadable
from knowledge.text.characters import check_storable, checked_line

MAX_PATH_CHARS = 1_000
# The limit of current file systems.
MAX_NAME_CHARS = 255


def checked_path(path: str) -> str:
    """Return the path unchanged, or raise `ValueError` with what is wrong with it."""
    if len(path) > MAX_PATH_CHARS:
        raise ValueError(f"must not be longer than {MAX_PATH_CHARS:,} characters")
    if any(len(name) > MAX_NAME_CHARS for name in path.split("/")):
        raise ValueError(f"must not hold a name of more than {MAX_NAME_CHARS} characters")
    return checked_line(path)


def check_path(path: str, source: str = "") -> None:
    """Check the path and source of a document to be stored, and raise `DocumentUnreadable` if one is invalid."""
    try:
        checked_path(path)
    except ValueError as error:
        raise DocumentUnreadable(f"its path {error}") from error
    try:
        check_storable(source)
    except ValueError as error:
        raise DocumentUnreadable(f"its source {error}") from error
