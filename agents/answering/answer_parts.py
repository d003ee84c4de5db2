"""The parts of a question for one agent: each a whole question with evidence of its own, and how sure that makes us."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from knowledge.retrieval.outcome import Outcome
from knowledge.retrieval.strategies import Evidence, Excerpt


@dataclass(frozen=True)
class AnswerPart:
    """One whole question, the evidence on it, what the confidence in that permits, and the user's own words for it."""

    question: str
    evidence: Evidence
    outcome: Outcome
    heading: str = ""


def merge_evidence(gathered: Sequence[Evidence]) -> tuple[Evidence, list[Evidence]]:
    """Return all evidence as one, and each of its parts numbered as that is; what is found twice has one number."""
    if len(gathered) == 1:
        evidence = _numbered_as_quoted(gathered[0])
        return evidence, [evidence]
    excerpts: dict[tuple[str, int, str], Excerpt] = {}
    numbers: list[dict[int, int]] = [{} for _ in gathered]
    # In turn, so that quotations are numbered about in the order in which they appear.
    for found in zip_longest(*map(_as_quoted, gathered)):
        for part, excerpt in enumerate(found):
            if excerpt is not None:
                key = (excerpt.document_id, excerpt.version, excerpt.text)
                held = excerpts.setdefault(key, replace(excerpt, number=len(excerpts) + 1))
                excerpts[key] = replace(held, rank=min(held.rank, excerpt.rank))
                numbers[part][excerpt.number] = held.number
    parts = [evidence.renumbered(own) for evidence, own in zip(gathered, numbers, strict=True)]
    merged = replace(
        gathered[0],
        excerpts=tuple(excerpts.values()),
        passages=tuple(passage for part in parts for passage in part.passages),
        confidence=max(evidence.confidence for evidence in gathered),
        told="; ".join(dict.fromkeys(evidence.told for evidence in gathered)),
        kept=tuple(dict.fromkeys(chunk_id for evidence in gathered for chunk_id in evidence.kept)),
        units=(),
        sections=(),
    )
    return merged, parts


def _numbered_as_quoted(evidence: Evidence) -> Evidence:
    if evidence.strategy != "rag":
        # Providers cache these prompts, which must begin alike for each question.
        return evidence
    return evidence.renumbered({excerpt.number: place for place, excerpt in enumerate(_as_quoted(evidence), start=1)})


def _as_quoted(evidence: Evidence) -> list[Excerpt]:
    """Return the excerpts, first those with the sentences that answer best."""
    numbers = dict.fromkeys(evidence.passages[unit.passage][0] for unit in evidence.units)
    places = {number: place for place, number in enumerate(numbers)}
    return sorted(evidence.excerpts, key=lambda excerpt: places.get(excerpt.number, len(places)))
