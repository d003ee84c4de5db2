"""The support score of an answer: how well the evidence supports each of its sentences.

A sentence quoted from the evidence is supported. Any other is scored by the share of its words that the evidence holds,
the share found in one place, and the similarity in meaning to that place; a number or a code that is not found counts
most against it. A sentence that only says that something is not known makes no claim, and is not scored.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from knowledge.embedding.embedder import Embedder
from knowledge.text import citation_markers, sentences
from knowledge.text import words as terms
from knowledge.text.languages.english import ENGLISH
from knowledge.text.sentences import Sentence

# The score from which a sentence counts as supported.
SUPPORTED = 0.5
# The score of an answer that makes no claim.
NEUTRAL = 0.55
_NUMBER_WEIGHT = 3.0
# The embedding model is used only where the words leave the score open, and for at most this many sentences.
_LEFT_OPEN = (0.3, 0.75)
_MOST_EMBEDDED = 8
# For the others, a linear fit to measurements estimates the similarity from the share of words found.
_LEAST_NEAR, _NEAR_BY_WORDS = 0.25, 0.6

_ENDS = " .,:;!?…"
_QUOTE = re.compile(r"^[^\S\n]*+(?:>\s?)+", re.MULTILINE)


@dataclass(frozen=True)
class ScoredSentence:
    """A sentence of the answer by its position, with its support from 0 to 1."""

    start: int
    end: int
    score: float


@dataclass(frozen=True)
class AnswerSupport:
    """The support of an answer as a whole and of each sentence that makes a claim."""

    score: float
    sentences: tuple[ScoredSentence, ...]


async def measure(answer: str, evidence: Sequence[str], embedder: Embedder) -> AnswerSupport:
    """Measure the support of an answer by the texts that it was written from."""
    compared = await asyncio.to_thread(_compare_answer, answer, tuple(evidence))
    doubtful = [one for one in compared if _LEFT_OPEN[0] <= one.worded < _LEFT_OPEN[1]][:_MOST_EMBEDDED]
    # Two texts at a time: questions, for which users wait, are embedded on the same thread.
    near = {one: await _similarity_to_place(one, embedder) for one in doubtful}
    scored = tuple(_score_sentence(one, near.get(one, _LEAST_NEAR + _NEAR_BY_WORDS * one.worded)) for one in compared)
    return AnswerSupport(overall(scored), scored)


def overall(scored: Sequence[ScoredSentence]) -> float:
    """Return the score of an answer: the mean over its sentences, weighted by length."""
    chars = sum(one.end - one.start for one in scored)
    return sum((one.end - one.start) * one.score for one in scored) / chars if chars else NEUTRAL


@dataclass(frozen=True)
class _ComparedSentence:
    """A sentence with the share of its words that the evidence holds, anywhere and in one place, and that place."""

    sentence: Sentence
    anywhere: float
    together: float
    place: str = ""
    is_quoted: bool = False

    @property
    def worded(self) -> float:
        """The score by words alone."""
        return 1.0 if self.is_quoted else (self.anywhere + self.together) / 2


@dataclass(frozen=True)
class _EvidenceText:
    """A parsed text of the evidence, whose places are its sentences, alone and in pairs."""

    flat: str
    places: tuple[str, ...]
    found_in: dict[str, npt.NDArray[np.int32]]


def _compare_answer(answer: str, evidence: Sequence[str]) -> list[_ComparedSentence]:
    """Select the sentences of the answer that make a claim, and compare their words with the evidence."""
    read = [_parse_evidence(text) for text in evidence]
    stated = [sentence for sentence in sentences.find_statements(answer) if not ENGLISH.no_claim.search(sentence.text)]
    words = [(sentence, _weigh_words(sentence.text)) for sentence in stated]
    return [_compare_sentence(sentence, weights, read) for sentence, weights in words if weights]


def _compare_sentence(
    sentence: Sentence, weights: dict[str, float], read: Sequence[_EvidenceText]
) -> _ComparedSentence:
    quoted = sentence.text.rstrip(_ENDS)
    if any(quoted in text.flat for text in read):
        return _ComparedSentence(sentence, 1.0, 1.0, is_quoted=True)
    total, most, best = sum(weights.values()), 0.0, ""
    known: set[str] = set()
    for text in read:
        stems = weights.keys() & text.found_in.keys()
        if not stems:
            continue
        known |= stems
        # Vectorized: a whole document has thousands of places, and its commonest words stand in each.
        held = np.zeros(len(text.places))
        for stem in sorted(stems):
            held[text.found_in[stem]] += weights[stem]
        place = int(held.argmax())
        if held[place] > most:
            most, best = float(held[place]), text.places[place]
    return _ComparedSentence(sentence, sum(weights[stem] for stem in known) / total, most / total, best)


def _weigh_words(text: str) -> dict[str, float]:
    """Return the stems of a sentence weighted by their frequency, numbers threefold."""
    weights: dict[str, float] = defaultdict(float)
    for word in terms.content_words(text):
        weights[terms.stem(word)] += _NUMBER_WEIGHT if any(letter.isdigit() for letter in word) else 1.0
    return weights


@lru_cache(maxsize=256)
def _parse_evidence(text: str) -> _EvidenceText:
    stated = [sentence.text for sentence in sentences.find_statements(text)]
    stems = [frozenset(terms.stems(one)) for one in stated]
    single = list(zip(stated, stems, strict=True))
    places = [*single, *((f"{one} {two}", a | b) for (one, a), (two, b) in pairwise(single))]
    found_in: dict[str, list[int]] = defaultdict(list)
    for place, (_, held) in enumerate(places):
        for stem in held:
            found_in[stem].append(place)
    flat = " ".join(citation_markers.without_markers(_QUOTE.sub("", text)).split())
    return _EvidenceText(
        flat, tuple(text for text, _ in places), {stem: np.array(at, np.int32) for stem, at in found_in.items()}
    )


async def _similarity_to_place(one: _ComparedSentence, embedder: Embedder) -> float:
    sentence, place = await embedder.embed([one.sentence.text, one.place])
    return float(sentence @ place)


def _score_sentence(one: _ComparedSentence, near: float) -> ScoredSentence:
    score = (one.anywhere + one.together + near) / 3 if one.anywhere else 0.0
    return ScoredSentence(one.sentence.start, one.sentence.end, 1.0 if one.is_quoted else min(1.0, max(0.0, score)))
