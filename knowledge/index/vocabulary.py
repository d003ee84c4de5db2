"""The words that documents use and how common each is: what tells a telling word from a filler, a slip from a name."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process

_CORRECTED_FROM_LENGTH = 4
_ALIKE = 80.0
# Of a chunk of the samples, in words; for a desk that holds nobody's documents but users' own.
_TYPICAL_LENGTH = 43.0


@dataclass(frozen=True)
class Vocabulary:
    """Stems, each with how many chunks hold it, and how long a chunk is in words."""

    frequencies: Mapping[str, int]
    length: float = _TYPICAL_LENGTH
    _by_letter: Mapping[str, Sequence[str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_letter: dict[str, list[str]] = defaultdict(list)
        for stem in self.frequencies:
            by_letter[stem[:1]].append(stem)
        object.__setattr__(self, "_by_letter", by_letter)

    def frequency(self, stem: str) -> int:
        """How many chunks hold a word."""
        return self.frequencies.get(stem, 0)

    def nearest(self, stem: str) -> tuple[str, float] | None:
        """The known word that a misspelt one means, and how alike they are; none where nothing is alike enough."""
        if len(stem) < _CORRECTED_FROM_LENGTH or not stem.isalpha():
            return None
        # Who misspells a word still begins it right, and a dozen words are read faster than all.
        found = process.extractOne(stem, self._by_letter.get(stem[0], ()), scorer=fuzz.ratio, score_cutoff=_ALIKE)
        return (found[0], found[1]) if found else None


NOTHING = Vocabulary({})
