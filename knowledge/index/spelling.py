"""Misspelt words of questions: which words they are, and what they stand for among the words that documents use."""

from collections.abc import Mapping
from functools import cache

from knowledge.index.vocabulary import CORRECTED_FROM_LENGTH, Vocabulary, near_words
from knowledge.text import words as terms
from knowledge.text.language import Language
from knowledge.text.languages.english import ENGLISH

# Looking for near words takes longer the more words there are; an ordinary question has one or two.
_MOST_CORRECTED = 8
_MOST_READ = 512
# A shorter name that no document holds is another name, rather than a misspelling.
_NAME_FROM_LENGTH = 6


def suspect_words(text: str, *known: Vocabulary) -> list[str]:
    """Return the words of a question, in lower case, that may be misspelt: no document holds them."""
    suspects: dict[str, None] = {}
    for place, (word, _) in enumerate(terms.words_with_gaps(text)):
        lowered = word.lower()
        is_plain = (
            word.isalpha()
            and len(word) >= CORRECTED_FROM_LENGTH
            and (word.islower() or not place or len(word) >= _NAME_FROM_LENGTH)
        )
        if is_plain and not terms.is_stop_word(lowered) and not _is_known(lowered, known):
            suspects[lowered] = None
        if place >= _MOST_READ or len(suspects) >= _MOST_CORRECTED:
            break
    return list(suspects)


def nearest_word(word: str, *known: Vocabulary, language: Language = ENGLISH) -> str | None:
    """Return the stop word or else the stem of the documents that a misspelt word stands for, or None."""
    stop_words = near_words(word, _stop_words_by_letter(language))
    stems = [near for vocabulary in known if (near := vocabulary.nearest(terms.stem(word, language)))]
    found = [near for near in stop_words if near[1] == 1] + stems
    return min(found, key=lambda near: (near[1], -len(near[0]), near[0]))[0] if found else None


def _is_known(word: str, known: tuple[Vocabulary, ...]) -> bool:
    stem = terms.stem(word)
    return any(vocabulary.frequency(stem) for vocabulary in known)


@cache
def _stop_words_by_letter(language: Language) -> Mapping[str, list[str]]:
    by_letter: dict[str, list[str]] = {}
    for word in language.stop_words:
        by_letter.setdefault(word[0], []).append(word)
    return by_letter
