"""Split a message into what it asks: "Why is my sync stuck, and when will you bill me?" asks two things."""

import re

from knowledge.retrieval.followups import leans_on_earlier
from knowledge.text import words

# More splits than this would make a long message slow to route, and its parts too short to tell anything.
MAX_CUTS = 8
_LONGEST = 2_000
# Anything shorter is no question by itself: "and how long", "why is that".
_MIN_WORDS = 5
_MIN_CONTENT_WORDS = 2

# Expects single spaces for all white space.
_CUT = re.compile(
    r"(?<=[.?!;:]) |, (?=(?:and|but|or|then|also) )| (?=(?:and|also|plus|but|while|separately) )", re.IGNORECASE
)
_JOINT = re.compile(r"^[\s,]*(?:(?:and|also|plus|but|or|then)\s+)+", re.IGNORECASE)
_OPENERS = (
    "how|what|whats|what's|where|when|who|whom|whose|why|which|wat|hw|can|could|do|does|did|is|are|am|was|were|will|would|"
    "may|should|shall|must|has|have"
)
_REQUEST = re.compile(
    rf"\?|(?:^|[.,;!:]\s+|,\s*|\b(?:and|also|plus|but|or|so|then|hi|hello)\s+)(?:{_OPENERS})\b"
    r"|\b(?:please|pls|plz|tell me|show me|explain|asks?|asked|wants?|(?:'d|would) like|curious|wonder|wondering|need"
    r"|wanna|looking for|how do|how can|how to|what is|where do"
    # Users ask about what does not work by reporting it.
    r"|won't|wont|doesn't|doesnt|isn't|not working|fails|failing|refuses|error|broken|stuck|dead slow|any ?more)\b",
    re.IGNORECASE,
)


def cuts(message: str) -> list[tuple[str, str]]:
    """Return every split of a message into two parts that each ask something."""
    message = " ".join(message.split())
    if len(message) > _LONGEST:
        return []
    places = [match.start() for match in _CUT.finditer(message)][:MAX_CUTS]
    pairs = [(message[:place].rstrip(), message[place:].lstrip(", ")) for place in places]
    return [(before, after) for before, after in pairs if _asks(before) and _asks(after)]


def leans(text: str) -> bool:
    """Return True if a part points back to the one before: "and does that cost anything?" belongs with it."""
    return leans_on_earlier(_JOINT.sub("", text))


def _asks(text: str) -> bool:
    enough = len(words.words(text)) >= _MIN_WORDS and len(words.content_words(text)) >= _MIN_CONTENT_WORDS
    return enough and _REQUEST.search(text) is not None
