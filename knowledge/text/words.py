"""The tokenization for lexical search: words in lower case, without stop words, stemmed."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache

from knowledge.text.language import Language
from knowledge.text.languages.english import ENGLISH

_WORD = re.compile(r"[^\W_]+(?:[.'’][^\W_]+)*")
# Longer strings are not words of any language, and take the stemmer too much time.
_MOST_STEMMED_CHARS = 64


def words(text: str) -> list[str]:
    """Return every word, in lower case and without accents."""
    return [_without_accents(match[0]).lower() for match in _WORD.finditer(text)]


def words_with_gaps(text: str) -> Iterator[tuple[str, str]]:
    """Yield every word in its original case but without accents, with the text between it and the word before."""
    end = 0
    for match in _WORD.finditer(text):
        yield _without_accents(match[0]), text[end : match.start()]
        end = match.end()


def replace_words(text: str, replacements: Mapping[str, str]) -> str:
    """Replace words of a text, whatever their case and accents."""
    return _WORD.sub(lambda match: replacements.get(_without_accents(match[0]).lower(), match[0]), text)


def _without_accents(word: str) -> str:
    if word.isascii():
        return word
    letters = unicodedata.normalize("NFKD", word.replace("’", "'"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def is_stop_word(word: str, language: Language = ENGLISH) -> bool:
    """Return True if a word in lower case carries no topic."""
    return word in language.stop_words


def content_words(text: str, language: Language = ENGLISH) -> list[str]:
    """Return the words that are not stop words, in lower case."""
    return [word for word in words(text) if not is_stop_word(word, language)]


def stems(text: str, language: Language = ENGLISH) -> list[str]:
    """Return the stems of the words that are not stop words."""
    return [stem(word, language) for word in content_words(text, language)]


@lru_cache(maxsize=50_000)
def stem(word: str, language: Language = ENGLISH) -> str:
    """Return the stem of a word in lower case."""
    return language.find_stem(word) if len(word) <= _MOST_STEMMED_CHARS else word
