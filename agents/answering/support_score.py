"""The support score of an answer: computed once the answer is whole, and stored beside it. It never changes one."""

import asyncio
import logging
from collections.abc import Sequence

from agents.answering import canned_replies
from agents.answering.whole_answer import PlacedAnswer
from agents.answering.writer import QuotedText
from frontdesk.contracts.events import Support, SupportedSentence
from knowledge.embedding.embedder import Embedder
from knowledge.retrieval import support

_LOG = logging.getLogger(__name__)
_SECONDS = 5
_DIGITS = 3


async def score(text: str, evidence: Sequence[str], embedder: Embedder) -> Support | None:
    """Score how well the evidence supports an agent's text; None if it states nothing or cannot be scored."""
    # The server's own words in front of a quotation need no support.
    opening = len(canned_replies.own_opening(text))
    try:
        async with asyncio.timeout(_SECONDS):
            found = await support.measure(text[opening:], evidence, embedder)
    except Exception:  # noqa: BLE001 - the edge: an answer without its score is better than none
        _LOG.exception("an answer could not be scored")
        return None
    if not found.sentences:
        return None
    return _support_from([(opening + s.start, opening + s.end, s.score) for s in found.sentences])


def quotation_support(quoted: QuotedText) -> Support:
    """Return how well quotations answer: that they stand in their sources goes without saying."""
    return _support_from(quoted.support)


def support_of(placed: Sequence[PlacedAnswer]) -> Support | None:
    """Combine the support of a whole answer from that of its agents."""
    sentences: list[tuple[int, int, float]] = []
    for start, answer in placed:
        told = answer.get("support")
        own = Support.model_validate_json(told).sentences if told else []
        sentences += [(start + s.start, start + s.end, s.score) for s in own]
    return _support_from(sorted(sentences)) if sentences else None


def _support_from(sentences: Sequence[tuple[int, int, float]]) -> Support:
    told = [SupportedSentence(start=start, end=end, score=round(score, _DIGITS)) for start, end, score in sentences]
    scored = [support.ScoredSentence(sentence.start, sentence.end, sentence.score) for sentence in told]
    return Support(score=round(support.overall(scored), _DIGITS), sentences=told)
