"""The lexical side of search: BM25 over a folder, with misspelt words read as the nearest word that documents use."""

import math
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from knowledge import store, terms

_COLUMN_WEIGHTS = "0.0, 2.0, 1.5, 1.0"  # folder, title, section, text
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


def find(db: sqlite3.Connection, folder: str, asked: Asked, limit: int) -> Lexical:
    """The chunks of a folder that hold the question's words."""
    if not asked.weights:
        return Lexical({}, asked)
    any_word = " OR ".join(_quoted(stem) for stem in asked.weights)
    rows = db.execute(
        f"""SELECT rowid, -bm25(chunk_words, {_COLUMN_WEIGHTS}) AS score FROM chunk_words
            WHERE chunk_words MATCH ? ORDER BY score DESC LIMIT ?""",
        (f"folder : {store.folder_word(folder)} AND ({any_word})", limit),
    )
    return Lexical({row["rowid"]: row["score"] for row in rows}, asked)


def read(db: sqlite3.Connection, text: str, vocabulary: Sequence[str], total: int) -> Asked:
    """What a question's words tell, whichever folder they are looked for in."""
    weights: dict[str, float] = {}
    unknown, names = set(), set()
    corrected = 0
    for word, is_name in _named_words(text):
        stem = terms.stem(word)
        frequency = store.frequency(db, stem)
        if not frequency and stem not in weights and corrected < _MOST_CORRECTED:
            corrected += 1
            if meant := _nearest(stem, vocabulary):
                stem, frequency = meant, store.frequency(db, meant)
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


def _nearest(stem: str, vocabulary: Sequence[str]) -> str | None:
    if len(stem) < _CORRECTED_FROM_LENGTH or not stem.isalpha():
        return None
    found = process.extractOne(stem, vocabulary, scorer=fuzz.ratio, score_cutoff=_ALIKE)
    return found[0] if found and found[0][0] == stem[0] else None


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
