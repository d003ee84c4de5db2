"""What documents may say instead of a question's words: plain equivalents of the language, and their own acronyms."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from knowledge.index.vocabulary import Phrase, Vocabulary
from knowledge.text import words as terms
from knowledge.text.language import Language
from knowledge.text.languages.english import ENGLISH

# The words between those of a phrase: "turn the reminders off".
_MOST_BETWEEN = 3
_MOST_ACRONYM_CHARS = 8
# The longest phrase that is read for an acronym.
_MOST_PHRASE_CHARS = 90
_BEFORE = re.compile(rf"\(([A-Z0-9]{{2,{_MOST_ACRONYM_CHARS}}})s?\)")
_BEHIND = re.compile(rf"\b([A-Z0-9]{{2,{_MOST_ACRONYM_CHARS}}})s? \(([^()\n]{{3,{_MOST_PHRASE_CHARS}}})\)")

_Equivalents = tuple[Phrase, Phrase, tuple[Phrase, ...]]


def alternatives_of(
    words: Sequence[str], known: Sequence[Vocabulary], language: Language = ENGLISH
) -> dict[str, set[Phrase]]:
    """Return for stems of a question, given as its words in their order, the stems that documents may hold instead."""
    read = [terms.stem(word, language) for word in words]
    found: dict[str, set[Phrase]] = {}
    table = _equivalents_by_first_stem(language)
    for place, first in enumerate(read):
        for rest, content, instead in table.get(first, ()):
            if _follows(rest, read[place + 1 :][: len(rest) + _MOST_BETWEEN]):
                _add(found, content, instead)
    stems = set(read)
    for vocabulary in known:
        for stem in stems:
            _add(found, (stem,), vocabulary.acronyms.get(stem, ()))
            for phrase, acronym in vocabulary.abbreviated(stem):
                if stems.issuperset(phrase):
                    _add(found, phrase, [(acronym,)])
    return found


def acronyms_in(text: str, language: Language = ENGLISH) -> Iterator[tuple[str, Phrase]]:
    """Yield the acronyms that a text explains, as stems: "two-factor authentication (2FA)", "VAT (value added tax)"."""
    for match in _BEFORE.finditer(text):
        before = terms.words(text[max(0, match.start() - _MOST_PHRASE_CHARS) : match.start()])
        yield from _explained(match[1].lower(), before[-len(match[1]) :], language)
    for match in _BEHIND.finditer(text):
        yield from _explained(match[1].lower(), terms.words(match[2]), language)


def _explained(acronym: str, phrase: Sequence[str], language: Language) -> Iterator[tuple[str, Phrase]]:
    """Yield the acronym if the words of a phrase begin with its letters; a digit may be any word."""
    letters = sum(letter.isalpha() for letter in acronym)
    if letters < 2 or len(phrase) != len(acronym):
        return
    if all(letter.isdigit() or word[0] == letter for letter, word in zip(acronym, phrase, strict=True)):
        content = tuple(terms.stem(word, language) for word in phrase if not terms.is_stop_word(word, language))
        if content:
            yield terms.stem(acronym, language), content


def _follows(rest: Phrase, read: Sequence[str]) -> bool:
    """Tell whether the words of a phrase come in their order, perhaps with others between them."""
    following = iter(read)
    return all(stem in following for stem in rest)


def _add(found: dict[str, set[Phrase]], stems: Sequence[str], instead: Sequence[Phrase] | frozenset[Phrase]) -> None:
    for stem in stems:
        found.setdefault(stem, set()).update(phrase for phrase in instead if stem not in phrase)


@cache
def _equivalents_by_first_stem(language: Language) -> Mapping[str, list[_Equivalents]]:
    """Return the table of equivalents by the first stem of what is asked: the other stems, those with content, both."""
    table: dict[str, list[_Equivalents]] = {}
    for asked, instead in language.equivalents:
        found = tuple(tuple(terms.stems(phrase, language)) for phrase in instead)
        for phrase in asked:
            first, *rest = (terms.stem(word, language) for word in phrase.split())
            table.setdefault(first, []).append((tuple(rest), tuple(terms.stems(phrase, language)), found))
    return table
