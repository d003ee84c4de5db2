"""Split a message into what it asks: "Why is my sync stuck, and when will you bill me?" asks two things."""

from knowledge.retrieval.followups import leans_on_earlier
from knowledge.text import words
from knowledge.text.english import ENGLISH
from knowledge.text.language import Language

# More splits than this would make a long message slow to route, and its parts too short to tell anything.
MAX_CUTS = 8
_LONGEST = 2_000
# Anything shorter is no question by itself: "and how long", "why is that".
_MIN_WORDS = 5
_MIN_CONTENT_WORDS = 2


def possible_splits(message: str, language: Language = ENGLISH) -> list[tuple[str, str]]:
    """Return every split of a message into two parts that each ask something."""
    message = " ".join(message.split())
    if len(message) > _LONGEST:
        return []
    places = [match.start() for match in language.messages.joint.finditer(message)][:MAX_CUTS]
    pairs = [(message[:place].rstrip(), message[place:].lstrip(", ")) for place in places]
    return [pair for pair in pairs if all(_asks_something(part, language) for part in pair)]


def points_back(text: str, language: Language = ENGLISH) -> bool:
    """Return True if a part points back to the one before: "and does that cost anything?" belongs with it."""
    return leans_on_earlier(language.messages.conjunctions.sub("", text), language)


def _asks_something(text: str, language: Language) -> bool:
    enough = len(words.words(text)) >= _MIN_WORDS and len(words.content_words(text, language)) >= _MIN_CONTENT_WORDS
    return enough and language.messages.request.search(text) is not None
