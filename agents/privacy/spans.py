"""Spans of a text."""

from collections.abc import Iterable

Span = tuple[int, int]

# No letter, no digit, no mark: no pattern matches it or reaches across it.
_TAKEN = "\ufffc"


def blank_out(text: str, spans: Iterable[Span]) -> str:
    """Blot out the spans in the text; all other positions stay the same."""
    pieces, place = [], 0
    for start, end in spans:
        pieces += [text[place:start], _TAKEN * (end - start)]
        place = end
    return "".join([*pieces, text[place:]]) if pieces else text
