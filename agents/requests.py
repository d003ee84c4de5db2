"""Take a message apart into what it asks: "Why is my sync stuck, and when will you bill me?" asks two things."""

import re

from knowledge import terms

# More places than this to cut a message at would make a long one slow to route, and none of its parts telling.
MAX_CUTS = 12
_MIN_WORDS = 3

_CUT = re.compile(r"(?<=[.?!;:])\s+|,\s+(?=(?:and|but|or|then|also)\s)|\s+(?=(?:and|also|plus|but)\s)", re.IGNORECASE)
_OPENERS = (
    "how|what|whats|what's|where|when|who|whom|whose|why|which|wat|hw|can|could|do|does|did|is|are|am|was|were|will|would|"
    "may|should|shall|must|has|have"
)
_REQUEST = re.compile(
    rf"\?|(?:^|[.,;!:]\s+|,\s*|\b(?:and|also|plus|but|or|so|then|hi|hello)\s+)(?:{_OPENERS})\b"
    r"|\b(?:please|pls|plz|tell me|show me|explain|wonder|wondering|need|want|wanna|would like|looking for"
    r"|how do|how can|how to|what is|where do)\b",
    re.IGNORECASE,
)


def cuts(message: str) -> list[tuple[str, str]]:
    """Every way to cut a message in two so that something is asked on either side."""
    places = [match.start() for match in _CUT.finditer(message)][:MAX_CUTS]
    pairs = [(message[:place].strip(), message[place:].strip()) for place in places]
    return [(before, after) for before, after in pairs if _asks(before) and _asks(after)]


def _asks(text: str) -> bool:
    return len(terms.content_words(text)) >= _MIN_WORDS and _REQUEST.search(text) is not None
