"""Headings and heading paths, shortened so that every passage of a document can carry them."""

from collections.abc import Sequence

MAX_HEADING_CHARS = 200
MAX_PATH_CHARS = 400
_JOINER = " > "
# The most characters that a cut at a word's end may cost; otherwise a heading is cut within a word.
_MOST_LOST = 40


def shortened(heading: str) -> str:
    """Return a heading, cut to as many of its first words as fit."""
    if len(heading) <= MAX_HEADING_CHARS:
        return heading
    cut = heading[: MAX_HEADING_CHARS + 1].rfind(" ")
    return heading[: cut if cut >= MAX_HEADING_CHARS - _MOST_LOST else MAX_HEADING_CHARS].rstrip()


def joined(headings: Sequence[str]) -> str:
    """Join headings into a path, leaving out the outer ones if it gets too long."""
    kept: list[str] = []
    room = MAX_PATH_CHARS
    for heading in map(shortened, reversed(headings)):
        room -= len(heading) + (len(_JOINER) if kept else 0)
        if room < 0:
            break
        kept.append(heading)
    return _JOINER.join(reversed(kept))


def shortened_path(path: str) -> str:
    """Shorten a stored path, which may be longer than today's limit."""
    return path if len(path) <= MAX_HEADING_CHARS else joined(path.split(_JOINER))
