"""Lexical search: BM25 over a folder, with misspelt words corrected to the nearest word that documents use.

Document frequencies are counted over what the user may see. The index of owned documents covers those of all owners: it
finds an owner's chunks, but does not score them.

In a large catalogue the common words of a question stand in every other chunk. Chunks are then found by the rarer words
alone, and scored by all of them.
"""

import math
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from knowledge.index.vocabulary import Vocabulary
from knowledge.storage import documents
from knowledge.storage.migrations import DocumentPlace
from knowledge.text import words as terms
from knowledge.text.sentences import breaks_sentence

_COLUMN_WEIGHTS = {"title": 2.0, "section": 1.5, "text": 1.0}
_WEIGHTS = ", ".join(map(str, (0.0, *_COLUMN_WEIGHTS.values())))
# The BM25 constants of FTS5.
_SATURATION, _LENGTH_SHARE, _LEAST_WEIGHT = 1.2, 0.75, 1e-6
# A message may be as long as a page; a few words suffice to find its topic.
_MOST_WORDS = 64
# Distinct words that are considered to find those; an ordinary message of 8,000 characters has fewer.
_MOST_READ = 512
# Unknown words take longer: they may be in a document stored a moment ago, or be misspelt.
_MOST_LOOKED_UP = 64
_MOST_CORRECTED = 8
# Chunks that are scored for one question in one place.
_MOST_CHUNKS = 3_000


@dataclass(frozen=True)
class LexicalQuery:
    """A question as lexical search sees it: stems with their weight (inverse document frequency) and frequency.

    `unknown` are the stems that no document holds, `names` those written like a name: PDF, OneDrive, error 4012."""

    weights: dict[str, float]
    frequencies: dict[str, int]
    unknown: frozenset[str]
    names: frozenset[str]
    chunk_length: float

    @property
    def weight(self) -> float:
        """The sum of the weights of all words."""
        return sum(self.weights.values()) or 1.0


def candidates(db: sqlite3.Connection, places: Sequence[DocumentPlace], asked: LexicalQuery, limit: int) -> list[int]:
    """Find the chunks of each place that FTS5 ranks best by the question's words, to be scored by `matches`.

    The chunks of a place come in the order of their ids, which decides between equal scores.
    """
    wanted, _ = _wanted(asked)
    return [chunk_id for place in places for chunk_id, _ in sorted(_find(db, place, wanted, limit))]


def best(db: sqlite3.Connection, places: Sequence[DocumentPlace], asked: LexicalQuery, limit: int) -> float:
    """Return the best score among the chunks of some places, as a share of the total weight of the question's words."""
    wanted, is_whole = _wanted(asked)
    # FTS5 counts document frequencies within one index; scores from two indexes would not compare.
    if is_whole and len(places) == 1 and not places[0].owner:
        scores = [score for _, score in _find(db, places[0], wanted, 1)]
    else:
        tables = [documents.words_table(place.owner) for place in places]
        matched = matches(db, tables, candidates(db, places, asked, limit), asked)
        scores = [sum(words.values()) for words in matched.values()]
    return max(scores, default=0.0) / asked.weight


def matches(
    db: sqlite3.Connection, tables: Iterable[str], ids: Sequence[int], asked: LexicalQuery
) -> dict[int, dict[str, float]]:
    """Score how well chunks match each word of a question, however they were found; the sum is their BM25 score."""
    marks = ",".join("?" * len(ids))
    found: dict[int, dict[str, float]] = {}
    for table in set(tables):
        rows = db.execute(f"SELECT rowid, title, section, text FROM {table} WHERE rowid IN ({marks})", tuple(ids))
        found |= {row["rowid"]: _matches(row, asked) for row in rows}
    return found


def _find(db: sqlite3.Connection, place: DocumentPlace, wanted: str, limit: int) -> list[tuple[int, float]]:
    if not wanted:
        return []
    table = documents.words_table(place.owner)
    rows = db.execute(
        f"SELECT id, score FROM (SELECT rowid AS id, -bm25({table}, {_WEIGHTS}) AS score FROM {table}"
        f" WHERE {table} MATCH ? ORDER BY rowid DESC LIMIT ?) ORDER BY score DESC, id DESC LIMIT ?",
        (f"folder : {documents.place_word(place)} AND ({wanted})", _MOST_CHUNKS, limit),
    )
    return [(chunk_id, score) for chunk_id, score in rows]


def _wanted(asked: LexicalQuery) -> tuple[str, bool]:
    """Return the FTS5 query to find chunks by, empty without words, and whether it has all words of the question."""
    if not asked.weights:
        return "", True
    # Words that no document holds find nothing.
    known = [stem for stem in asked.weights if asked.frequencies[stem]] or list(asked.weights)
    rarest = sorted(known, key=lambda stem: asked.frequencies[stem])
    chosen: list[str] = []
    chunks = 0
    for stem in rarest:
        chunks += asked.frequencies[stem]
        if chosen and chunks > _MOST_CHUNKS:
            break
        chosen.append(stem)
    if asked.frequencies[chosen[0]] > _MOST_CHUNKS:
        # No word is rare, but few chunks hold the two rarest together.
        return " AND ".join(_quoted(stem) for stem in rarest[:2]), False
    return " OR ".join(_quoted(stem) for stem in chosen), len(chosen) == len(rarest)


def _matches(chunk: sqlite3.Row, asked: LexicalQuery) -> dict[str, float]:
    """Score a chunk as FTS5 scores those of shared documents."""
    times: dict[str, float] = {}
    length = 1
    for column, weight in _COLUMN_WEIGHTS.items():
        words = (chunk[column] or "").split()
        length += len(words)
        for word in words:
            if word in asked.weights:
                times[word] = times.get(word, 0.0) + weight
    damping = _SATURATION * (1 - _LENGTH_SHARE + _LENGTH_SHARE * length / asked.chunk_length)
    return {
        word: _rarity(asked.weights[word]) * often * (_SATURATION + 1) / (often + damping)
        for word, often in times.items()
    }


def _rarity(weight: float) -> float:
    odds = math.expm1(weight)
    return math.log(odds) if odds > 1 else _LEAST_WEIGHT


def read(db: sqlite3.Connection, text: str, shared: Vocabulary, own: Vocabulary, total: int) -> LexicalQuery:
    """Turn a question into weighted stems, independent of the folders to search.

    `shared` is the vocabulary of shared documents, `own` that of the user's; `total` counts the chunks of both."""

    looked_up: dict[str, int] = {}

    def frequency_of(stem: str) -> int:
        frequency = shared.frequency(stem)
        # The cached vocabulary of a large catalogue may be stale, and lack the words of a new document.
        if not frequency and stem not in looked_up and len(looked_up) < _MOST_LOOKED_UP:
            looked_up[stem] = documents.frequency(db, stem)
        return (frequency or looked_up.get(stem, 0)) + own.frequency(stem)

    frequencies: dict[str, int] = {}
    unknown, names = set(), set()
    corrected = 0
    for word, is_name in _named_words(text).items():
        stem = terms.stem(word)
        if not frequency_of(stem) and stem not in frequencies and corrected < _MOST_CORRECTED:
            corrected += 1
            near = filter(None, (shared.nearest(stem), own.nearest(stem)))
            stem = max(near, key=lambda found: found[1], default=(stem, 0.0))[0]
        frequencies[stem] = frequency_of(stem)
        if not frequencies[stem]:
            unknown.add(stem)
        if is_name:
            names.add(stem)
    # Words that documents hold come first, and among them the rare before the common.
    telling = sorted(frequencies, key=lambda stem: (stem in unknown, frequencies[stem]))[:_MOST_WORDS]
    weights = {stem: _weight(frequencies[stem], total) for stem in telling}
    return LexicalQuery(weights, frequencies, frozenset(unknown), frozenset(names), shared.length)


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


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
