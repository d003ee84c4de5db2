"""Lexical search: BM25 over a folder, by the words of a question and what documents may say instead of them.

Document frequencies are counted over what the user may see. The index of owned documents covers those of all owners: it
finds an owner's chunks, but does not score them.

In a large catalogue the common words of a question stand in every other chunk. Chunks are then found by the rarer words
alone, and scored by all of them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, Protocol

from knowledge.index.alternatives import alternatives_of
from knowledge.index.vocabulary import Phrase, Vocabulary
from knowledge.storage.documents import DocumentPlace
from knowledge.text import words as terms
from knowledge.text.sentences import breaks_sentence

COLUMN_WEIGHTS = {"title": 2.0, "section": 1.5, "text": 1.0}
# The BM25 constants of FTS5.
_SATURATION, _LENGTH_SHARE, _LEAST_WEIGHT = 1.2, 0.75, 1e-6
# A message may be as long as a page; a few words suffice to find its topic.
_MOST_WORDS = 64
# Distinct words that are considered to find those; an ordinary message of 8,000 characters has fewer.
_MOST_READ = 512
# Unknown words take longer: they may be in a document stored a moment ago.
_MOST_LOOKED_UP = 64
# The score of an alternative, as a share of what the word itself would have.
_ALTERNATIVE_SHARE = 0.5
# Chunks that are scored for one question in one place.
_MOST_CHUNKS = 3_000


@dataclass(frozen=True)
class LexicalQuery:
    """A question as lexical search sees it: stems with their weight (inverse document frequency) and frequency.

    `unknown` are the stems that no document holds, `names` those written like a name: PDF, OneDrive, error 4012.
    `readings` maps each word of the question, in lower case, to the stem that it is read as. `alternatives` are what
    documents say instead of a stem: other stems, several of which count only together, with the weight of that."""

    weights: dict[str, float]
    frequencies: dict[str, int]
    unknown: frozenset[str]
    names: frozenset[str]
    chunk_length: float
    readings: dict[str, str] = field(default_factory=dict)
    alternatives: dict[str, dict[Phrase, float]] = field(default_factory=dict)

    @property
    def weight(self) -> float:
        """The sum of the weights of all words."""
        return sum(self.weights.values()) or 1.0


@dataclass(frozen=True)
class WordStatistics:
    """What a user may see: the vocabularies of shared documents and of their own, and the number of chunks in both."""

    shared: Vocabulary
    own: Vocabulary
    total: int


@dataclass(frozen=True)
class WantedWords:
    """The words to find chunks by: all of them in one chunk or any; `is_whole` if these are all of the question's."""

    stems: tuple[str, ...]
    together: bool
    is_whole: bool


class IndexedWords(NamedTuple):
    """The stems of a chunk by column, separated by spaces."""

    chunk_id: int
    title: str
    section: str
    text: str


class LexicalReader(Protocol):
    """The lexical indexes of shared and of owned documents, as one snapshot has them."""

    def frequency(self, stem: str) -> int:
        """Count the chunks of shared documents that hold a stem."""
        ...

    def find_chunks(
        self, place: DocumentPlace, wanted: WantedWords, *, scored: int, limit: int
    ) -> list[tuple[int, float]]:
        """Return the ids and scores of the best chunks of a place, best first, of the newest `scored` that match."""
        ...

    def indexed_words(self, ids: Sequence[int], *, owned: bool) -> list[IndexedWords]:
        """Return the words of those chunks that the index of owned or of shared documents holds."""
        ...


def candidates(reader: LexicalReader, places: Sequence[DocumentPlace], asked: LexicalQuery, limit: int) -> list[int]:
    """Find the chunks of each place that rank best by the question's words, to be scored by `scores`.

    The chunks of a place come in the order of their ids, which decides between equal scores.
    """
    wanted = _wanted(asked)
    return [chunk_id for place in places for chunk_id, _ in sorted(_find(reader, place, wanted, limit))]


def best_score(reader: LexicalReader, places: Sequence[DocumentPlace], asked: LexicalQuery, limit: int) -> float:
    """Return the best score among the chunks of some places, as a share of the total weight of the question's words."""
    wanted = _wanted(asked)
    # An index counts document frequencies of its own; scores from two indexes would not compare.
    if wanted.is_whole and not asked.alternatives and len(places) == 1 and not places[0].owner:
        found = [score for _, score in _find(reader, places[0], wanted, 1)]
    else:
        matched = scores(reader, places, candidates(reader, places, asked, limit), asked)
        found = [sum(words.values()) for words in matched.values()]
    return max(found, default=0.0) / asked.weight


def scores(
    reader: LexicalReader, places: Sequence[DocumentPlace], ids: Sequence[int], asked: LexicalQuery
) -> dict[int, dict[str, float]]:
    """Score how well chunks match each word of a question, however they were found; the sum is their BM25 score."""
    found: dict[int, dict[str, float]] = {}
    for owned in {bool(place.owner) for place in places}:
        found |= {chunk.chunk_id: _matches(chunk, asked) for chunk in reader.indexed_words(ids, owned=owned)}
    return found


def _find(reader: LexicalReader, place: DocumentPlace, wanted: WantedWords, limit: int) -> list[tuple[int, float]]:
    return reader.find_chunks(place, wanted, scored=_MOST_CHUNKS, limit=limit) if wanted.stems else []


def _wanted(asked: LexicalQuery) -> WantedWords:
    if not asked.weights:
        return WantedWords((), together=False, is_whole=True)
    # Words that no document holds find nothing.
    known = [stem for stem in asked.weights if asked.frequencies[stem]]
    instead = {
        min(phrase, key=asked.frequencies.__getitem__) for read in asked.alternatives.values() for phrase in read
    }
    known = known or list(instead) or list(asked.weights)
    rarest = sorted(known, key=lambda stem: asked.frequencies[stem])
    rarest += sorted(instead.difference(rarest), key=lambda stem: asked.frequencies[stem])
    chosen: list[str] = []
    chunks = 0
    for stem in rarest:
        chunks += asked.frequencies[stem]
        if chosen and chunks > _MOST_CHUNKS:
            break
        chosen.append(stem)
    if asked.frequencies[chosen[0]] > _MOST_CHUNKS:
        # No word is rare, but few chunks hold the two rarest together.
        return WantedWords(tuple(rarest[:2]), together=True, is_whole=False)
    return WantedWords(tuple(chosen), together=False, is_whole=len(chosen) == len(rarest))


def _matches(chunk: IndexedWords, asked: LexicalQuery) -> dict[str, float]:
    """Score a chunk by BM25, as the index scores those of shared documents."""
    times: dict[str, float] = {}
    length = 1
    for column, weight in zip(chunk[1:], COLUMN_WEIGHTS.values(), strict=True):
        words = (column or "").split()
        length += len(words)
        for word in words:
            if word in asked.frequencies:
                times[word] = times.get(word, 0.0) + weight
    damping = _SATURATION * (1 - _LENGTH_SHARE + _LENGTH_SHARE * length / asked.chunk_length)

    def score(weight: float, often: float) -> float:
        return _rarity(weight) * often * (_SATURATION + 1) / (often + damping)

    matched = {word: score(asked.weights[word], often) for word, often in times.items() if word in asked.weights}
    for word, instead in asked.alternatives.items():
        share = 1.0 if word in asked.unknown else _ALTERNATIVE_SHARE
        for phrase, weight in instead.items():
            if often := min(times.get(stem, 0.0) for stem in phrase):
                matched[word] = max(matched.get(word, 0.0), share * score(weight, often))
    return matched


def _rarity(weight: float) -> float:
    odds = math.expm1(weight)
    return math.log(odds) if odds > 1 else _LEAST_WEIGHT


def read_question(reader: LexicalReader, text: str, statistics: WordStatistics) -> LexicalQuery:
    """Turn a question into weighted stems, independent of the folders to search."""
    shared, own = statistics.shared, statistics.own
    looked_up: dict[str, int] = {}

    def frequency_of(stem: str) -> int:
        frequency = shared.frequency(stem)
        # The cached vocabulary of a large catalogue may be stale, and lack the words of a new document.
        if not frequency and stem not in looked_up and len(looked_up) < _MOST_LOOKED_UP:
            looked_up[stem] = reader.frequency(stem)
        return (frequency or looked_up.get(stem, 0)) + own.frequency(stem)

    frequencies: dict[str, int] = {}
    unknown, names = set(), set()
    readings: dict[str, str] = {}
    for word, is_name in _named_words(text).items():
        stem = readings[word] = terms.stem(word)
        frequencies[stem] = frequency_of(stem)
        if not frequencies[stem]:
            unknown.add(stem)
        if is_name:
            names.add(stem)
    # Words that documents hold come first, and among them the rare before the common.
    telling = sorted(frequencies, key=lambda stem: (stem in unknown, frequencies[stem]))[:_MOST_WORDS]
    weights = {stem: _weight(frequencies[stem], statistics.total) for stem in telling}
    alternatives = _weigh_alternatives(text, weights, statistics)
    for stem in unknown & alternatives.keys():
        # What documents call by another name is no rarer than that name.
        weights[stem] = max(alternatives[stem].values())
    for stem in {stem for instead in alternatives.values() for phrase in instead for stem in phrase}:
        frequencies.setdefault(stem, shared.frequency(stem) + own.frequency(stem))
    return LexicalQuery(
        weights, frequencies, frozenset(unknown), frozenset(names), shared.length, readings, alternatives
    )


def _weigh_alternatives(
    text: str, weights: Mapping[str, float], statistics: WordStatistics
) -> dict[str, dict[Phrase, float]]:
    """Return what documents say instead of each stem: a phrase weighs as much as its rarest word, or as the stem."""
    known = (statistics.shared, statistics.own)
    found: dict[str, dict[Phrase, float]] = {}
    for stem, phrases in alternatives_of(terms.words(text)[-_MOST_READ:], known).items():
        for phrase in phrases:
            often = min(sum(vocabulary.frequency(word) for vocabulary in known) for word in phrase)
            if often and stem in weights:
                found.setdefault(stem, {})[phrase] = min(weights[stem], _weight(often, statistics.total))
    return found


def _weight(frequency: int, total: int) -> float:
    """Return the inverse document frequency."""
    return math.log(1 + (max(total - frequency, 0) + 0.5) / (frequency + 0.5))


def _named_words(text: str) -> dict[str, bool]:
    """Return the words that carry meaning in lower case, each with whether it is written like a name somewhere.

    Of too many words the last ones are kept: the conversation's additions stand in front."""
    named: dict[str, bool] = {}
    for place, (word, gap) in enumerate(terms.words_with_gaps(text)):
        known = word.lower()
        if not terms.is_stop_word(known):
            named[known] = named.get(known, False) or _is_name(word, gap, is_first=not place)
    return dict(islice(named.items(), max(0, len(named) - _MOST_READ), None))


def _is_name(word: str, gap: str, *, is_first: bool) -> bool:
    if any(letter.isdigit() for letter in word) or any(letter.isupper() for letter in word[1:]):
        return True
    if not word[:1].isupper():
        return False
    # An underscore is part of a word, though search splits words at it.
    _, underscore, gap = gap.rpartition("_")
    begins_text = is_first and not underscore
    return not (begins_text or breaks_sentence(gap))
