"""What the agents of one answer add to their texts, combined for the whole: offsets become those of the whole text."""

from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import NamedTuple

from agents.graph.state import WorkerAnswer
from frontdesk.contracts.events import Highlight

# More would be a list of search results.
_MOST_SEE_ALSO = 3


class PlacedAnswer(NamedTuple):
    """The answer of one agent, and the offset of its text in the whole answer."""

    start: int
    answer: WorkerAnswer


def place_answers(whole: str, answers: Sequence[WorkerAnswer]) -> list[PlacedAnswer]:
    """Find the text of each agent in the whole answer, from its beginning to its end."""
    placed: list[PlacedAnswer] = []
    # The longest first: a short text may also stand within another.
    for answer in sorted(answers, key=lambda answer: -len(answer["text"])):
        start = _free_position(whole, answer["text"], placed)
        if start is not None:
            placed.append(PlacedAnswer(start, answer))
    return sorted(placed, key=lambda one: one.start)


def highlights_of(placed: Sequence[PlacedAnswer]) -> list[Highlight]:
    """Return the sentences of all agents that matter most."""
    return [
        Highlight(start=one.start + start, end=one.start + end)
        for one in placed
        for start, end in one.answer.get("highlights", [])
    ]


def see_also_of(placed: Sequence[PlacedAnswer]) -> list[int]:
    """Return the ids of the sources that may answer too: the first of each agent, then the second of each."""
    ids = chain.from_iterable(zip_longest(*(one.answer.get("see_also", []) for one in placed)))
    return list(dict.fromkeys(source_id for source_id in ids if source_id is not None))[:_MOST_SEE_ALSO]


def _free_position(whole: str, text: str, placed: Sequence[PlacedAnswer]) -> int | None:
    """Return the first position of a text that overlaps no placed one, or None."""
    taken = [(other.start, other.start + len(other.answer["text"])) for other in placed]
    start = whole.find(text) if text else -1
    while start >= 0:
        end = start + len(text)
        if all(end <= begun or start >= ended for begun, ended in taken):
            return start
        start = whole.find(text, start + 1)
    return None
