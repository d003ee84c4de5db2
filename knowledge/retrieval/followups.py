"""The detection of follow-up questions, and the earlier turns that they need as context."""

import re
from collections.abc import Sequence

from knowledge.text import words
from knowledge.text.language import Language
from knowledge.text.languages.english import ENGLISH

# Content words of a question about "the link", and of a statement such as "we have the yearly plan", from which on they
# name a subject of their own.
_MOST_ABOUT_KNOWN, _MOST_STATED = 2, 4
_ACRONYM = re.compile(r"\b[A-Z][A-Z0-9]{2,}\b")
_QUESTION_MARK = re.compile(r"[?\uff1f]")


def context_for(question: str, earlier: Sequence[str], language: Language = ENGLISH, *, is_reply: bool = False) -> str:
    """Return the earlier questions of the user that this one needs as context, or "" if it stands alone.

    With `is_reply` it answers a question of the desk, and always needs the one before.
    """
    if not earlier or not (is_reply or _needs_subject(question, language)):
        return ""
    last = earlier[-1]
    # A chain of follow-ups is about the topic of its first, self-contained question.
    if len(earlier) > 1 and _needs_subject(last, language):
        return f"{context_for(last, earlier[:-1], language)} {last}".strip()
    return last


def leans_on_earlier(question: str, language: Language = ENGLISH) -> bool:
    """Tell whether a question is a follow-up: by its opening, by a pronoun for its topic, or by a lack of any topic."""
    rules = language.follow_ups
    lowered = question.lower().strip()
    content = [word for word in words.content_words(lowered, language) if word not in rules.question_words]
    if any(word in rules.pointers for word in words.words(rules.empty_pronouns.sub(" ", lowered))):
        return len(content) <= 4
    if _ACRONYM.search(question):
        return not content
    if rules.topic_change.search(lowered):
        return len(content) <= 2
    return len(content) <= (3 if rules.opening.match(lowered) else 1)


def _needs_subject(question: str, language: Language) -> bool:
    """Return True if a question leans on earlier ones, or speaks of something as known, or only states something."""
    if leans_on_earlier(question, language):
        return True
    rules = language.follow_ups
    lowered = question.lower().strip()
    if _ACRONYM.search(question) or rules.topic_change.search(lowered):
        return False
    content = [word for word in words.content_words(lowered, language) if word not in rules.question_words]
    if rules.known_thing.search(question) and len(content) <= _MOST_ABOUT_KNOWN:
        return True
    is_statement = rules.statement.match(lowered) is not None and not _QUESTION_MARK.search(question)
    return is_statement and len(content) <= _MOST_STATED
