"""Citation markers, `[3]` or `[1, 4]`: the numbers of sources behind a statement. Longer brackets are no citations."""

import re
from collections.abc import Iterable

# For patterns of other modules, which look for markers among other things.
MARKER = r"\[\d{1,3}(?:, ?\d{1,3}){0,5}\]"
# The beginning of a marker at the end of a text that goes on.
BEGUN_MARKER = r"\[[\d, ]{0,28}"

_MARKER_AND_SPACE = re.compile(rf"\s?{MARKER}")


def write_marker(numbers: Iterable[int]) -> str:
    """Return the marker that names the sources of these numbers."""
    return f"[{', '.join(map(str, numbers))}]"


def read_marker(marker: str) -> list[int]:
    """Return the numbers that a marker names."""
    return [int(number) for number in marker[1:-1].split(",")]


def without_markers(text: str) -> str:
    """Remove the citation markers from a text, each with the space in front of it."""
    return _MARKER_AND_SPACE.sub("", text)
