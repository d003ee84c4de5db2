"""Evaluate retrieval: how well search finds what answers a query, and how well it knows that nothing does."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from evaluation import beir
from evaluation.beir import FOLDER, Query
from evaluation.desk import throwaway_library
from evaluation.figures import auc, is_hit, mean, ndcg, percentile, share_of
from evaluation.report import Comparison, EvaluationReport, Miss, ReportFigure
from knowledge.embedding.reranker import open_reranker
from knowledge.retrieval.search import Passage, Searcher
from knowledge.retrieval.strategies import EvidenceGatherer

_RANKED = 10
_CUTS = (1, 3, 5)
_FUSED, _RERANKED = "fused", "fused and reranked"


@dataclass(frozen=True)
class Ranked:
    """The search results of a query: for each way of ranking the best documents, best first."""

    query: Query
    rankings: dict[str, list[str]]
    confidence: float
    seconds: float

    @property
    def has_answer(self) -> bool:
        """True if the query is labelled answerable or, without a label, a relevant document is known."""
        return bool(self.query.relevant) if self.query.answerable is None else self.query.answerable


async def measure_retrieval(
    directory: Path, threshold: float, embedding_model: str, *, compare: bool, cross_encoder: str = ""
) -> EvaluationReport:
    """Index the corpus, search for every query, and report the figures."""
    documents = beir.read_ids(directory)
    queries = beir.read_queries(directory, documents)
    async with throwaway_library(embedding_model) as library, open_reranker(cross_encoder) as second_look:
        began = time.perf_counter()
        await beir.index_corpus(directory, library)
        indexing = time.perf_counter() - began
        chunks = sum((await library.sizes()).values())
        searcher = Searcher(library, second_look)
        await library.embedder.warm_up()
        progress = tqdm(queries, unit="query", disable=not sys.stderr.isatty())
        gatherer = EvidenceGatherer(library, searcher)
        ranked = [await _search_query(query, searcher, gatherer) for query in progress]
    sizes = [
        ReportFigure("documents", "documents", len(documents), "count"),
        ReportFigure("chunks", "passages", chunks, "count"),
        ReportFigure("indexing_seconds", "indexing", indexing, "seconds"),
        ReportFigure("queries", "queries", len(ranked), "count"),
    ]
    ways = {way: _ranking_figures(ranked, way) for way in _WAYS if second_look or way != _RERANKED}
    used = _RERANKED if second_look else _FUSED
    return EvaluationReport(
        f"How well search finds what answers: {directory.name}",
        [*sizes, *ways[used], *_declining_figures(ranked, threshold), *_time_figures(ranked)],
        misses=_find_misses(ranked, threshold),
        comparison=Comparison("Ways to rank, on the same index", ways) if compare else None,
    )


async def _search_query(query: Query, searcher: Searcher, gatherer: EvidenceGatherer) -> Ranked:
    began = time.perf_counter()
    findings = await searcher.search(query.text, FOLDER)
    seconds = time.perf_counter() - began
    rankings = {way: rank(findings.passages) for way, rank in _WAYS.items()}
    evidence = await gatherer.gather("rag", FOLDER, query.text)
    return Ranked(query, rankings, evidence.confidence, seconds)


def _in_order(passages: Sequence[Passage]) -> list[str]:
    """Return the documents in the order of their best passages."""
    return list(dict.fromkeys(passage.chunk.path for passage in passages))[:_RANKED]


def _by_fused_score(passages: Sequence[Passage]) -> list[str]:
    return _in_order(sorted(passages, key=lambda passage: -passage.score))


def _by_cosine(passages: Sequence[Passage]) -> list[str]:
    return _in_order(sorted(passages, key=lambda passage: -passage.cosine))


def _by_lexical_score(passages: Sequence[Passage]) -> list[str]:
    worded = [passage for passage in passages if passage.lexical > 0]
    return _in_order(sorted(worded, key=lambda passage: -passage.lexical))


_WAYS: dict[str, Callable[[Sequence[Passage]], list[str]]] = {
    "dense alone": _by_cosine,
    "lexical alone": _by_lexical_score,
    _FUSED: _by_fused_score,
    _RERANKED: _in_order,
}


def _ranking_figures(ranked: Sequence[Ranked], way: str) -> list[ReportFigure]:
    judged = [(r.rankings[way], r.query.relevant) for r in ranked if r.query.relevant]
    hits = {k: share_of([is_hit(ranking, relevant, k) for ranking, relevant in judged]) for k in _CUTS}
    return [
        ReportFigure("ndcg@10", "nDCG@10", mean([ndcg(*pair, _RANKED) for pair in judged]), "score"),
        *(ReportFigure(f"hit@{k}", f"hit@{k}", found, "score") for k, found in hits.items()),
    ]


def _declining_figures(ranked: Sequence[Ranked], threshold: float) -> list[ReportFigure]:
    answerable, unanswerable = ([r.confidence for r in ranked if r.has_answer is has] for has in (True, False))
    return [
        ReportFigure("auc_answerable", "AUC, answerable from unanswerable", auc(answerable, unanswerable), "score"),
        ReportFigure("threshold", "answered from this confidence on", threshold, "score"),
        ReportFigure("declined", "unanswerable queries declined", share_of([c < threshold for c in unanswerable])),
        ReportFigure(
            "wrongly_declined", "answerable queries wrongly declined", share_of([c < threshold for c in answerable])
        ),
    ]


def _time_figures(ranked: Sequence[Ranked]) -> list[ReportFigure]:
    milliseconds = [1000 * r.seconds for r in ranked]
    return [
        ReportFigure("search_ms_p50", "embedding a query and searching, median", percentile(milliseconds, 50), "ms"),
        ReportFigure(
            "search_ms_p99", "embedding a query and searching, 99th percentile", percentile(milliseconds, 99), "ms"
        ),
    ]


def _find_misses(ranked: Sequence[Ranked], threshold: float) -> list[Miss]:
    """Return the misses, those of which search was surest first."""
    misses: list[tuple[float, Miss]] = []
    for r in ranked:
        first = r.rankings[_RERANKED][: _CUTS[1]]
        expected = ", ".join(sorted(r.query.relevant)) or "no answer"
        found = f"{', '.join(first)} (confidence {r.confidence:.2f})"
        if not r.has_answer and r.confidence >= threshold:
            misses.append((r.confidence, Miss("not declined", r.query.text, expected, found)))
        elif r.query.relevant and not is_hit(first, r.query.relevant, len(first)):
            misses.append((r.confidence, Miss("document missed", r.query.text, expected, found)))
        elif r.has_answer and r.confidence < threshold:
            misses.append((1 - r.confidence, Miss("wrongly declined", r.query.text, expected, found)))
    return [miss for _, miss in sorted(misses, key=lambda pair: -pair[0])]
