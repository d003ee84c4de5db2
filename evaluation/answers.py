"""The report on labelled questions: routing, sources, declining, answer support, and latency."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from evaluation.figures import auc, mean, percentile, share, threshold_for
from evaluation.questions import Measured, halves
from evaluation.report import Confusion, EvaluationReport, Miss, ReportFigure
from knowledge.retrieval.support import SUPPORTED

NOBODY = "(nobody)"
_CUTS = (1, 3, 5)
_FIRST_SOURCES = 3


def report_of(measured: Sequence[Measured], threshold: float, wrongly: float) -> EvaluationReport:
    """Report on all questions that each figure concerns; the effect of a calibration on the half it did not see."""
    milliseconds = [1000 * m.seconds for m in measured]
    shown = [
        ReportFigure("questions", "questions", len(measured), "count"),
        *_routing([m for m in measured if m.question.agents]),
        *_sources([m for m in measured if m.question.documents]),
        ReportFigure("threshold", "answered from this confidence on", threshold, "score"),
        *declining(measured, lambda m: m.declined),
        ReportFigure("auc_answerable", "AUC, answerable from unanswerable", _auc(measured), "score"),
        *_calibrated(measured, wrongly, threshold),
        *_support([m for m in measured if not m.declined]),
        ReportFigure("ms_p50", "a whole answer, median", percentile(milliseconds, 50), "ms"),
        ReportFigure("ms_p99", "a whole answer, 99th percentile", percentile(milliseconds, 99), "ms"),
    ]
    return EvaluationReport(
        "How good the desk is on these questions",
        shown,
        ["The embedded model, which routes by meaning and answers by quoting; no key, no network."],
        misses=[miss for _, miss in sorted(_misses(measured), key=lambda pair: -pair[0])],
        confusion=_confusion(measured),
    )


def declining(
    measured: Sequence[Measured], is_declined: Callable[[Measured], bool], suffix: str = "", where: str = ""
) -> list[ReportFigure]:
    """Return the shares of questions that are declined rightly and wrongly."""
    answerable, unanswerable = (
        [is_declined(m) for m in measured if m.question.answerable is one] for one in (True, False)
    )
    return [
        ReportFigure(f"declined{suffix}", f"unanswerable questions declined{where}", share(unanswerable)),
        ReportFigure(f"wrongly_declined{suffix}", f"answerable questions wrongly declined{where}", share(answerable)),
    ]


def confidences(measured: Sequence[Measured]) -> tuple[list[float], list[float]]:
    """Return the confidences for answerable and for unanswerable questions, where evidence was searched for."""
    found: tuple[list[float], list[float]] = [], []
    for m in measured:
        if m.confidence is not None:
            found[not m.question.answerable].append(m.confidence)
    return found


def _routing(measured: Sequence[Measured]) -> list[ReportFigure]:
    single, several = ([m.routed for m in measured if (len(m.question.agents) == 1) is one] for one in (True, False))
    return [
        ReportFigure("routed", "routed to exactly the right agents", share([m.routed for m in measured])),
        ReportFigure("routed_single", "of those for one agent", share(single)),
        ReportFigure("routed_two", "of those for several agents", share(several)),
    ]


def _sources(measured: Sequence[Measured]) -> list[ReportFigure]:
    within = {k: share([m.found(k) for m in measured]) for k in _CUTS}
    return [
        *(ReportFigure(f"hit@{k}", f"right document among the first {k} sources", hits) for k, hits in within.items()),
        ReportFigure("ndcg@10", "nDCG@10 of the sources", mean([m.ndcg for m in measured]), "score"),
    ]


def _auc(measured: Sequence[Measured]) -> float | None:
    return auc(*confidences(measured))


def _calibrated(measured: Sequence[Measured], wrongly: float, present: float) -> list[ReportFigure]:
    tuning, reporting = halves(measured)
    threshold = threshold_for(confidences(tuning)[0], wrongly)
    if threshold is None or not reporting:
        return []
    return [
        ReportFigure("calibrated_threshold", "threshold that half of the questions give", threshold, "score"),
        *declining(
            reporting, lambda m: m.declined_at(threshold, present), "_calibrated", " with it, of the other half"
        ),
    ]


def _support(measured: Sequence[Measured]) -> list[ReportFigure]:
    sentences = [score for m in measured for score in m.sentences]
    return [
        ReportFigure("sentences", "sentences answered with", len(sentences), "count"),
        ReportFigure(
            "supported", "of those, supported by the evidence", share([score >= SUPPORTED for score in sentences])
        ),
    ]


def _confusion(measured: Sequence[Measured]) -> Confusion | None:
    """Count chosen against expected agents; only questions for one agent, as others have no one row."""
    single = [(next(iter(m.question.agents)), m.agents) for m in measured if len(m.question.agents) == 1]
    pairs = Counter((expected, chosen[0] if chosen else NOBODY) for expected, chosen in single)
    return Confusion(pairs) if pairs else None


def _misses(measured: Sequence[Measured]) -> Iterator[tuple[float, Miss]]:
    """Yield the first thing that went wrong with each question, and how confident the desk was in doing so."""
    for m in measured:
        wrong = _wrong(m)
        if wrong:
            sure, what = wrong
            asked = " / ".join([*m.question.history, m.question.text])
            agents, documents = " + ".join(sorted(m.question.agents)), ", ".join(sorted(m.question.documents))
            expected = ": ".join(filter(None, [agents or "any agent", documents or "no answer"]))
            yield sure, Miss(what, asked, expected, _found(m))


def _wrong(m: Measured) -> tuple[float, str] | None:
    sure = m.confidence or 0.0
    if m.question.agents and not m.routed:
        return m.route_confidence, "wrong agent"
    if m.question.answerable and m.declined:
        return 1 - sure, "wrongly declined"
    if m.question.documents and not m.found(_FIRST_SOURCES):
        return sure, "document missed"
    if not m.question.answerable and not m.declined:
        return sure, "not declined"
    if m.unsupported:
        return 0.0, "unsupported sentence"
    return None


def _found(m: Measured) -> str:
    first = ", ".join(uri for uris in m.sources.values() for uri in uris[:_FIRST_SOURCES])
    sure = "nothing looked up" if m.confidence is None else f"confidence {m.confidence:.2f}"
    return f"{' + '.join(m.agents) or NOBODY} ({sure}): {first}"
