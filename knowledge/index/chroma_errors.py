"""The errors of Chroma, and what they mean for the desk."""

import re

from chromadb.errors import ChromaError

from knowledge.errors import DeskError, IndexUnavailable, StorageFull

# Chroma reports the cause in the error message alone, not in a type or code.
_FULL = re.compile(r"disk is full|disk I/O error|No space left|os error (?:27|28|122)\b")


def is_chroma_error(error: BaseException) -> bool:
    """Tell whether Chroma raised the error; its native code has its own exception type, which no module exports."""
    return isinstance(error, ChromaError) or type(error).__name__ == "PanicException"


def is_full_disk(message: str) -> bool:
    """Tell whether an error message of Chroma means that the disk is full."""
    return _FULL.search(message) is not None


def as_desk_error(error: BaseException) -> DeskError:
    """Return the desk's error for one of Chroma."""
    if is_full_disk(str(error)):
        return StorageFull(f"the vector index has no room on the disk that holds DATA_DIR ({error})")
    return IndexUnavailable(f"the vector index does not answer: {error}")
