"""Headings and the paths they form, cut to a length at which every passage of a document can carry them."""

from collections.abc import Sequence

MAX_HEADING_CHARS = 200
MAX_PATH_CHARS = 400
_JOINER = " > "
# A cut at a word's end may cost so much of a heading; one without spaces is cut anywhere.
_MOST_LOST = 40


def shortened(heading: str) -> str:
    """A heading, or as many of its first words as there is room for."""
    if len(heading) <= MAX_HEADING_CHARS:
        return heading
    cut = heading[: MAX_HEADING_CHARS + 1].rfind(" ")
    return heading[: cut if cut >= MAX_HEADING_CHARS - _MOST_LOST else MAX_HEADING_CHARS].rstrip()


def joined(headings: Sequence[str]) -> str:
    """The path of some headings; where they are too long together, the outer ones are left out."""
    kept: list[str] = []
    room = MAX_PATH_CHARS
    for heading in map(shortened, reversed(headings)):
        room -= len(heading) + (len(_JOINER) if kept else 0)
        if room < 0:
            break
        kept.append(heading)
    return _JOINER.join(reversed(kept))


def shortened_path(path: str) -> str:
    """A path as it was stored, which may be longer than paths are today."""
    return path if len(path) <= MAX_HEADING_CHARS else joined(path.split(_JOINER))
