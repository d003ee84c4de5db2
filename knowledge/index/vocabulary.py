"""The words that documents use and their frequencies, which tell keywords from fillers and misspellings from names."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process

_CORRECTED_FROM_LENGTH = 4
_ALIKE = 80.0
# The length of a chunk of the samples in words, for a server that holds only users' own documents.
_TYPICAL_LENGTH = 43.0


@dataclass(frozen=True)
class Vocabulary:
    """A vocabulary: stems with the number of chunks that hold each, and the average length of a chunk in words."""

    frequencies: Mapping[str, int]
    length: float = _TYPICAL_LENGTH
    _by_letter: Mapping[str, Sequence[str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_letter: dict[str, list[str]] = defaultdict(list)
        for stem in self.frequencies:
            by_letter[stem[:1]].append(stem)
        object.__setattr__(self, "_by_letter", by_letter)

    def frequency(self, stem: str) -> int:
        """Return the number of chunks that hold a stem."""
        return self.frequencies.get(stem, 0)

    def nearest(self, stem: str) -> tuple[str, float] | None:
        """Return the known stem nearest to a misspelt one with their similarity, or None if none is similar enough."""
        if len(stem) < _CORRECTED_FROM_LENGTH or not stem.isalpha():
            return None
        # Misspelt words usually have the right first letter, and comparing with fewer words is faster.
        found = process.extractOne(stem, self._by_letter.get(stem[0], ()), scorer=fuzz.ratio, score_cutoff=_ALIKE)
        return (found[0], found[1]) if found else None


NOTHING = Vocabulary({})
