"""The lexical side of search: BM25 over a folder, with misspelt words read as the nearest word that documents use.

How common a word is, is counted over what the asker may see. The index of what users own knows all of theirs: it finds
an owner's chunks, but does not score them.
"""

import math
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from rapidfuzz import fuzz, process

from knowledge import store, terms
from knowledge.schema import Place

_COLUMN_WEIGHTS = {"folder": 0.0, "title": 2.0, "section": 1.5, "text": 1.0}
_WEIGHTS = ", ".join(map(str, _COLUMN_WEIGHTS.values()))
# As FTS5 has them.
_SATURATION, _LENGTH_SHARE, _LEAST_WEIGHT = 1.2, 0.75, 1e-6
# Of a chunk of the samples, in words.
_TYPICAL_LENGTH = 43.0
_CORRECTED_FROM_LENGTH = 4
# A message may be as long as a page; a few words tell what it is about.
_MOST_WORDS = 64
_MOST_CORRECTED = 8
_ALIKE = 80.0
_SENTENCE_START = re.compile(r"(?:^|[.?!:]\s+)\W*$")


@dataclass(frozen=True)
class Asked:
    """A question as lexical search sees it: stems with their weight (inverse document frequency).

    `unknown` are those that no document holds, `names` those written like a name: PDF, OneDrive, error 4012."""

    weights: dict[str, float]
    unknown: frozenset[str]
    names: frozenset[str]

    @property
    def weight(self) -> float:
        """Of all words together."""
        return sum(self.weights.values()) or 1.0


@dataclass(frozen=True)
class Lexical:
    """BM25 scores of the best chunks, and the question they are for."""

    scores: dict[int, float]
    asked: Asked

    @property
    def best(self) -> float:
        """The best score as a share of what the question's words weigh together."""
        return max(self.scores.values(), default=0.0) / self.asked.weight


def find(db: sqlite3.Connection, places: Sequence[Place], asked: Asked, limit: int) -> Lexical:
    """The chunks of some places that hold the question's words, best first."""
    if not asked.weights:
        return Lexical({}, asked)
    found = [pair for place in places for pair in _find(db, place, asked, limit)]
    return Lexical(dict(sorted(found, key=lambda pair: -pair[1])[:limit]), asked)


def _find(db: sqlite3.Connection, place: Place, asked: Asked, limit: int) -> list[tuple[int, float]]:
    table = store.words_table(place.owner)
    any_word = " OR ".join(_quoted(stem) for stem in asked.weights)
    content = ", title, section, text" if place.owner else ""
    rows = db.execute(
        f"""SELECT rowid, -bm25({table}, {_WEIGHTS}) AS score{content} FROM {table}
            WHERE {table} MATCH ? ORDER BY score DESC LIMIT ?""",
        (f"folder : {store.place_word(place)} AND ({any_word})", limit),
    )
    return [(row["rowid"], _bm25(row, asked) if place.owner else row["score"]) for row in rows]


def _bm25(chunk: sqlite3.Row, asked: Asked) -> float:
    """What FTS5 would give an owner's chunk if it stood among everybody's."""
    columns = {name: Counter(chunk[name].split()) for name in ("title", "section", "text")}
    length = 1 + sum(words.total() for words in columns.values())
    damping = _SATURATION * (1 - _LENGTH_SHARE + _LENGTH_SHARE * length / _TYPICAL_LENGTH)
    score = 0.0
    for stem, weight in asked.weights.items():
        times = sum(_COLUMN_WEIGHTS[name] * words[stem] for name, words in columns.items())
        odds = math.expm1(weight)
        rarity = math.log(odds) if odds > 1 else _LEAST_WEIGHT
        score += rarity * times * (_SATURATION + 1) / (times + damping)
    return score


def read(
    db: sqlite3.Connection, text: str, vocabulary: Sequence[str], own_words: Mapping[str, int], total: int
) -> Asked:
    """What a question's words tell, whichever folder they are looked for in.

    `vocabulary` are the words of everybody's documents; `own_words` those of the asker's own, with how many chunks hold
    each; `total` counts the chunks of both."""

    def frequency_of(stem: str) -> int:
        return store.frequency(db, stem) + own_words.get(stem, 0)

    weights: dict[str, float] = {}
    unknown, names = set(), set()
    corrected = 0
    for word, is_name in _named_words(text):
        stem = terms.stem(word)
        frequency = frequency_of(stem)
        if not frequency and stem not in weights and corrected < _MOST_CORRECTED:
            corrected += 1
            if meant := _nearest(stem, chain(vocabulary, own_words) if own_words else vocabulary):
                stem, frequency = meant, frequency_of(meant)
        weights[stem] = math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))
        if not frequency:
            unknown.add(stem)
        if is_name:
            names.add(stem)
    # Words that documents hold first, then the rare before the common.
    telling = sorted(weights, key=lambda stem: (stem in unknown, -weights[stem]))[:_MOST_WORDS]
    return Asked({stem: weights[stem] for stem in telling}, frozenset(unknown), frozenset(names))


def _named_words(text: str) -> list[tuple[str, bool]]:
    """The words that carry meaning, lower case, each with whether it is written like a name."""
    return [
        (word.lower(), _is_name(word, text[:start]))
        for word, start in terms.words_with_places(text)
        if word.lower() not in terms.STOP_WORDS
    ]


def _is_name(word: str, before: str) -> bool:
    if any(letter.isdigit() for letter in word) or any(letter.isupper() for letter in word[1:]):
        return True
    return word[0].isupper() and not _SENTENCE_START.search(before)


def _nearest(stem: str, vocabulary: Iterable[str]) -> str | None:
    if len(stem) < _CORRECTED_FROM_LENGTH or not stem.isalpha():
        return None
    found = process.extractOne(stem, vocabulary, scorer=fuzz.ratio, score_cutoff=_ALIKE)
    return found[0] if found and found[0][0] == stem[0] else None


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
