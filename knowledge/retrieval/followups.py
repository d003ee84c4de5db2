"""The detection of follow-up questions, and the earlier turns that they need as context."""

import re
from collections.abc import Sequence

from knowledge.text import words

_LEADS = re.compile(r"(?:and|but|or|also|so|then|ok|okay|what about|how about|what if|which one|same)\b", re.IGNORECASE)
_WHAT_ABOUT = re.compile(r"\b(?:what|how) about\b")
_ACRONYM = re.compile(r"\b[A-Z][A-Z0-9]{2,}\b")
_POINTERS = frozenset(
    "it its it's that this those these they them their there one ones both either neither same".split()
)
# Here the pronouns refer to nothing: "is there a limit", "is it possible to export".
_EMPTY = re.compile(
    r"\b(?:is|are|was|were|will|would|could|can|isn't|aren't) there\b|\bthere(?:'s|\s+(?:is|are|was|were|will))\b"
    r"|\b(?:is|was|would|will) it (?:be )?(?:ok|okay|possible|necessary|true|safe|allowed|legal|normal|better|worth)\b"
)
_BARE = frozenset("how long when where why who which what much many often".split())


def context_for(question: str, earlier: Sequence[str]) -> str:
    """Return the earlier turns of the user that the question needs as context, or "" if it stands alone."""
    if not earlier or not leans_on_earlier(question):
        return ""
    last = earlier[-1]
    # A chain of follow-ups is about the topic of its first, self-contained question.
    if len(earlier) > 1 and leans_on_earlier(last):
        return f"{context_for(last, earlier[:-1])} {last}".strip()
    return last


def leans_on_earlier(question: str) -> bool:
    """Tell whether a question is a follow-up: by its opening, by a pronoun for its topic, or by a lack of any topic."""
    lowered = question.lower().strip()
    content = [word for word in words.content_words(lowered) if word not in _BARE]
    if any(word in _POINTERS for word in words.words(_EMPTY.sub(" ", lowered))):
        return len(content) <= 4
    if _ACRONYM.search(question):
        return not content
    if _WHAT_ABOUT.search(lowered):
        return len(content) <= 2
    return len(content) <= (3 if _LEADS.match(lowered) else 1)
