"""The direction of a text: whether it turns something on or off, adds or removes, comes before or after."""

from functools import lru_cache

from knowledge.text.language import Language
from knowledge.text.languages.english import ENGLISH


def agreement(question: str, text: str, language: Language = ENGLISH) -> int:
    """Return 1 if a text goes the way that a question goes, -1 if it goes the opposite way, 0 if neither is clear."""
    asked, told = _directions(question, language), _directions(text, language)
    shared = asked.keys() & told.keys()
    turned = sum(asked[pair] * told[pair] for pair in shared)
    return (turned > 0) - (turned < 0)


@lru_cache(maxsize=20_000)
def _directions(text: str, language: Language) -> dict[int, int]:
    """Return for each pair of opposites of which the text has one side, which side that is."""
    found = {}
    lowered = text.lower()
    for pair, (one, other) in enumerate(language.opposites):
        sides = one.search(lowered) is not None, other.search(lowered) is not None
        if sides[0] != sides[1]:
            found[pair] = 1 if sides[0] else -1
    return found
