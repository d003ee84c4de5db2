"""The words that define a question (a product, a plan, a country), and which of them a text lacks."""

from collections.abc import Collection

from knowledge.index.lexical import LexicalQuery
from knowledge.text import words
from knowledge.text.language import Language
from knowledge.text.languages.english import ENGLISH

_MOST_NAMED = 2
_SHORTEST_NAME = 3


def missing_weights(asked: LexicalQuery, text: str) -> dict[str, float]:
    """Return the stems of a question that a text does not hold, nor anything said instead, with their weights."""
    held = set(words.stems(text))
    return {stem: weight for stem, weight in asked.weights.items() if not _holds(stem, asked, held)}


def held_share(asked: LexicalQuery, text: str) -> float:
    """Return the share of a question's weight that a text holds."""
    return 1 - sum(missing_weights(asked, text).values()) / asked.weight if asked.weights else 0.0


def missing_names(asked: LexicalQuery | None, question: str, text: str) -> list[str]:
    """Return what a question names that a text does not hold, as it was written: a product, a plan, a country."""
    if asked is None:
        return []
    missing = missing_weights(asked, text)
    written = {asked.readings.get(word.lower(), ""): word for word, _ in words.words_with_gaps(question)}
    named = sorted((stem for stem in missing if stem in asked.names), key=lambda stem: -missing[stem])
    return [written[stem] for stem in named if stem in written and _is_telling(written[stem])][:_MOST_NAMED]


def _is_telling(word: str, language: Language = ENGLISH) -> bool:
    """Return False for numbers, units, days and contracted verbs, which name nothing that documents could be about."""
    return word.isalpha() and len(word) >= _SHORTEST_NAME and word.lower() not in language.calendar


def _holds(stem: str, asked: LexicalQuery, held: Collection[str]) -> bool:
    if stem in held:
        return True
    return any(all(part in held for part in other) for other in asked.alternatives.get(stem, ()))
