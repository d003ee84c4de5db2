"""Places in a text."""

from collections.abc import Iterable

Span = tuple[int, int]

# No letter, no digit, no mark: whatever is looked for neither holds it nor reaches over it.
_TAKEN = "\ufffc"


def without(text: str, spans: Iterable[Span]) -> str:
    """The text with the spans blotted out, so that every other place in it stays what it is."""
    pieces, place = [], 0
    for start, end in spans:
        pieces += [text[place:start], _TAKEN * (end - start)]
        place = end
    return "".join([*pieces, text[place:]]) if pieces else text
