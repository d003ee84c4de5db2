"""Canned replies: the few sentences that the server says in its own words."""

from collections.abc import Sequence

from agents.catalog import Agent
from agents.security.injection import gives_orders
from knowledge.retrieval.strategies import Excerpt
from knowledge.text import words
from knowledge.text.english import ENGLISH
from knowledge.text.language import Language

_CLOSEST = 3
_HEADING_CHARS = 120


def unknown(closest: Sequence[Excerpt]) -> str:
    """Return the reply for when no evidence answers the question, given instead of the nearest paragraph.

    The closest documents carry the markers of their sources, which lead to them like any citation.
    """
    opening = "I don't know: our documents do not answer this. I can hand you over to a person."
    numbers: dict[str, int] = {}
    for excerpt in closest:
        if not gives_orders(excerpt.title):
            numbers.setdefault(excerpt.title, excerpt.number)
    named = [f"{title} [{number}]" for title, number in list(numbers.items())[:_CLOSEST]]
    return f"{opening} The closest I found: {'; '.join(named)}." if named else opening


def is_courtesy(message: str, language: Language = ENGLISH) -> bool:
    """Return True if a message greets, thanks or says goodbye, and asks nothing."""
    return set(words.words(message)) <= language.messages.courtesies and "?" not in message


def asks_nothing(message: str, earlier: Sequence[str]) -> bool:
    """Return True if a message, after the user's earlier turns, has nothing that an agent could answer."""
    return is_courtesy(message) or (not words.content_words(message) and not earlier)


def greeting(message: str, agents: Sequence[Agent]) -> str:
    """Return the reply to a message that asks nothing."""
    opening = "You are welcome." if ENGLISH.messages.thanks.intersection(words.words(message)) else "Hello!"
    return f"{opening} Ask me anything about: {', '.join(agent.name for agent in agents)}."


def part_heading(question: str) -> str:
    """Return the heading of the answer to one of several questions."""
    asked = " ".join(question.split()).rstrip(",;: ")
    shown = asked if len(asked) <= _HEADING_CHARS else f"{asked[:_HEADING_CHARS].rsplit(' ', 1)[0]} ..."
    return f"**{shown[:1].upper()}{shown[1:]}**"


PART_UNKNOWN = "I couldn't find this in our help articles."


def nearest(missing: Sequence[str]) -> str:
    """Return the sentence above a quotation that may not answer; `missing` are the words that nothing is found on."""
    if not missing:
        return "I'm not sure that this answers your question. It is the nearest that I found:"
    return f"I found nothing on {' or '.join(f'“{word}”' for word in missing)}. This is the nearest that I found:"


def more_rows(count: int) -> str:
    """Return the note below a table of which some rows are quoted."""
    return f"*{count} more {'row is' if count == 1 else 'rows are'} in the document.*"


HANDOVER = "I am handing you over to a person, with what you have told me so far."

# Stored in the conversation for an answer that was stopped before its first word.
STOPPED = "(This question was not answered.)"

REDUCED = "(The language models cannot be reached at the moment; this is quoted from the documents.)\n\n"
