"""The words that documents use: how frequent each is, what misspelt ones stand for, and what acronyms mean."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import process
from rapidfuzz.distance import OSA

CORRECTED_FROM_LENGTH = 4
# Longer words may have two errors.
_TWO_ERRORS_FROM_LENGTH = 7
# Equally near words, of which the most frequent is taken.
_MOST_NEAR = 20
# The length of a chunk of the samples in words, for a server that holds only users' own documents.
_TYPICAL_LENGTH = 43.0

Phrase = tuple[str, ...]


@dataclass(frozen=True)
class Vocabulary:
    """A vocabulary: stems with the number of chunks that hold each, and the average length of a chunk in words.

    `acronyms` are the stems of the phrases that documents give for an acronym, by its stem."""

    frequencies: Mapping[str, int]
    length: float = _TYPICAL_LENGTH
    acronyms: Mapping[str, frozenset[Phrase]] = field(default_factory=dict)
    _by_letter: Mapping[str, Sequence[str]] = field(init=False, repr=False)
    _abbreviated: Mapping[str, Sequence[tuple[Phrase, str]]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_letter", _by_first_letter(self.frequencies))
        abbreviated: dict[str, list[tuple[Phrase, str]]] = defaultdict(list)
        for acronym, phrases in self.acronyms.items():
            for phrase in phrases:
                abbreviated[phrase[0]].append((phrase, acronym))
        object.__setattr__(self, "_abbreviated", abbreviated)

    def frequency(self, stem: str) -> int:
        """Return the number of chunks that hold a stem."""
        return self.frequencies.get(stem, 0)

    def abbreviated(self, first: str) -> Sequence[tuple[Phrase, str]]:
        """Return the phrases that begin with a stem and have an acronym, each with that."""
        return self._abbreviated.get(first, ())

    def nearest(self, stem: str) -> tuple[str, int] | None:
        """Return the known stem that a misspelt one stands for with the number of errors, or None if none is near."""
        found = near_words(stem, self._by_letter)
        # A letter is rather missing than wrong or too much.
        return min(found, key=lambda one: (one[1], -len(one[0]), -self.frequencies[one[0]], one[0]), default=None)


def near_words(word: str, by_letter: Mapping[str, Sequence[str]]) -> list[tuple[str, int]]:
    """Return the words that one with errors may stand for, by first letter, with the number of the errors."""
    if len(word) < CORRECTED_FROM_LENGTH or not word.isalpha():
        return []
    most = 2 if len(word) >= _TWO_ERRORS_FROM_LENGTH else 1
    # Misspelt words usually have the right first letter, or the first two swapped; comparing with fewer is faster.
    choices = [*by_letter.get(word[0], ()), *(by_letter.get(word[1], ()) if word[1] != word[0] else ())]
    found = process.extract(word, choices, scorer=OSA.distance, score_cutoff=most, limit=_MOST_NEAR)
    return [(near, int(errors)) for near, errors, _ in found if near[0] == word[0] or _is_swapped(word, near, errors)]


def _is_swapped(word: str, near: str, errors: float) -> bool:
    return errors == 1 and word[:2] == near[1::-1]


def _by_first_letter(stems: Iterable[str]) -> dict[str, list[str]]:
    by_letter: dict[str, list[str]] = defaultdict(list)
    for stem in stems:
        by_letter[stem[:1]].append(stem)
    return by_letter


NOTHING = Vocabulary({})
