"""The tokenization for lexical search: words in lower case, without stop words, stemmed."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import snowballstemmer

_WORD = re.compile(r"[^\W_]+(?:[.'’][^\W_]+)*")
# Longer strings are not words of any language, and take the stemmer too much time.
_MOST_STEMMED_CHARS = 64
_STEMMER = snowballstemmer.stemmer("porter")

STOP_WORDS = frozenset(
    """
    a about actually after again all also am an and another any anyone anything are as at be because been before
    being but by can cannot cant could did do does doesn't doing don't done dont else even ever for from get
    gets getting go goes going gonna got had has have having hello help her here hers hey hi him his how however
    i i'd i'll i'm i've id if ill im in into is isn't isnt it it's its ive just keep keeps kind know let like
    lot made make makes many may maybe me mean might mine much must my myself need needs no not now of off ok
    okay on once one only or other our ours out over own please pls possible quite rather really right said same
    say says see seem seems she should since so some someone something somewhere still such sure take tell than
    thank thanks that that's thats the their theirs them then there there's these they thing things think this
    those though through to too try trying u under until up ur us use very want wants was wasn't way we we're
    we've well were what what's whats when where whether which while who whom whose why will with without won't
    wont would yes yet you you're your yours
    """.split()
)


def words(text: str) -> list[str]:
    """Return every word, in lower case and without accents."""
    return [_plain(match[0]).lower() for match in _WORD.finditer(text)]


def words_with_gaps(text: str) -> Iterator[tuple[str, str]]:
    """Yield every word in its original case but without accents, with the text between it and the word before."""
    end = 0
    for match in _WORD.finditer(text):
        yield _plain(match[0]), text[end : match.start()]
        end = match.end()


def _plain(word: str) -> str:
    if word.isascii():
        return word
    letters = unicodedata.normalize("NFKD", word.replace("’", "'"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def content_words(text: str) -> list[str]:
    """Return the words that are not stop words, in lower case."""
    return [word for word in words(text) if word not in STOP_WORDS]


def stems(text: str) -> list[str]:
    """Return the stems of the words that are not stop words."""
    return [stem(word) for word in content_words(text)]


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return the stem of a word: `charging`, `charged` and `charges` become `charg`."""
    word = word.removesuffix("'s")
    return str(_STEMMER.stemWord(word)) if len(word) <= _MOST_STEMMED_CHARS else word
