"""The parts of a question for one agent: each a whole question with evidence of its own, and how sure that makes us."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
        return gathered[0], list(gathered)
    excerpts: dict[tuple[str, int, str], Excerpt] = {}
    parts = []
    for evidence in gathered:
        numbers = {}
        for excerpt in evidence.excerpts:
            key = (excerpt.document_id, excerpt.version, excerpt.text)
            held = excerpts.setdefault(key, replace(excerpt, number=len(excerpts) + 1))
            excerpts[key] = replace(held, rank=min(held.rank, excerpt.rank))
            numbers[excerpt.number] = held.number
        parts.append(evidence.renumbered(numbers))
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
