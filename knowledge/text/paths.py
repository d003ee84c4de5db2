"""What a document's path may look like, wherever it comes from: a form, an archive or a disk."""

from knowledge.errors import DocumentUnreadable
from knowledge.text.characters import checked_line

MAX_PATH_CHARS = 1_000
# No file system of today takes longer names.
MAX_NAME_CHARS = 255


def checked_path(path: str) -> str:
    """The path as it is, or `ValueError` with what is wrong with it."""
    if len(path) > MAX_PATH_CHARS:
        raise ValueError(f"must not be longer than {MAX_PATH_CHARS:,} characters")
    if any(len(name) > MAX_NAME_CHARS for name in path.split("/")):
        raise ValueError(f"must not hold a name of more than {MAX_NAME_CHARS} characters")
    return checked_line(path)


def check_path(path: str) -> None:
    """The same for a document that is stored: raises `DocumentUnreadable`."""
    try:
        checked_path(path)
    except ValueError as error:
        raise DocumentUnreadable(f"its path {error}") from error
