"""The report on labelled questions: routing, sources, declining, answer support, and latency."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from evaluation.figures import auc, mean, percentile, share_of, threshold_for
from evaluation.questions import Measured, split_halves
from evaluation.report import Confusion, EvaluationReport, Miss, ReportFigure
from knowledge.retrieval.support import SUPPORTED

NOBODY = "(nobody)"
_CUTS = (1, 3, 5)
_FIRST_SOURCES = 3


def report_on(measured: Sequence[Measured], threshold: float, wrongly: float) -> EvaluationReport:
    """Report on all questions that each figure concerns; the effect of a calibration on the half it did not see."""
    milliseconds = [1000 * m.seconds for m in measured]
    shown = [
        ReportFigure("questions", "questions", len(measured), "count"),
        *_routing_figures([m for m in measured if m.question.agents]),
        *_source_figures([m for m in measured if m.question.documents]),
        ReportFigure("threshold", "answered from this confidence on", threshold, "score"),
        *declining_figures(measured, lambda m: m.declined),
        *_hedging_figures(measured),
        ReportFigure("auc_answerable", "AUC, answerable from unanswerable", _confidence_auc(measured), "score"),
        *_calibration_figures(measured, wrongly, threshold),
        *_support_figures([m for m in measured if not m.declined]),
        ReportFigure("ms_p50", "a whole answer, median", percentile(milliseconds, 50), "ms"),
        ReportFigure("ms_p99", "a whole answer, 99th percentile", percentile(milliseconds, 99), "ms"),
    ]
    return EvaluationReport(
        "How good the desk is on these questions",
        shown,
        ["The embedded model, which routes by meaning and answers by quoting; no key, no network."],
        misses=[miss for _, miss in sorted(_find_misses(measured), key=lambda pair: -pair[0])],
        confusion=_agent_confusion(measured),
    )


def answers_to_read(measured: Sequence[Measured]) -> str:
    """Return a line of JSON for each answer, for people who grade them."""
    lines = [
        {
            "history": list(m.question.history),
            "question": m.question.text,
            "answer": m.answer,
            "outcome": "declined" if m.declined else "hedged" if m.hedged else "answered",
        }
        for m in measured
    ]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def declining_figures(
    measured: Sequence[Measured], is_declined: Callable[[Measured], bool], suffix: str = "", where: str = ""
) -> list[ReportFigure]:
    """Return the shares of questions that are declined rightly and wrongly."""
    answerable, unanswerable = (
        [is_declined(m) for m in measured if m.question.answerable is one] for one in (True, False)
    )
    return [
        ReportFigure(f"declined{suffix}", f"unanswerable questions declined{where}", share_of(unanswerable)),
        ReportFigure(
            f"wrongly_declined{suffix}", f"answerable questions wrongly declined{where}", share_of(answerable)
        ),
    ]


def _hedging_figures(measured: Sequence[Measured]) -> list[ReportFigure]:
    answerable, unanswerable = ([m.hedged for m in measured if m.question.answerable is one] for one in (True, False))
    return [
        ReportFigure("hedged", "unanswerable questions hedged", share_of(unanswerable)),
        ReportFigure("wrongly_hedged", "answerable questions wrongly hedged", share_of(answerable)),
    ]


def answer_confidences(measured: Sequence[Measured]) -> tuple[list[float], list[float]]:
    """Return the confidences for answerable and for unanswerable questions, where evidence was searched for."""
    found: tuple[list[float], list[float]] = [], []
    for m in measured:
        if m.confidence is not None:
            found[not m.question.answerable].append(m.confidence)
    return found


def _routing_figures(measured: Sequence[Measured]) -> list[ReportFigure]:
    single, several = ([m.routed for m in measured if (len(m.question.agents) == 1) is one] for one in (True, False))
    return [
        ReportFigure("routed", "routed to exactly the right agents", share_of([m.routed for m in measured])),
        ReportFigure("routed_single", "of those for one agent", share_of(single)),
        ReportFigure("routed_two", "of those for several agents", share_of(several)),
    ]


def _source_figures(measured: Sequence[Measured]) -> list[ReportFigure]:
    within = {k: share_of([m.has_found(k) for m in measured]) for k in _CUTS}
    return [
        *(ReportFigure(f"hit@{k}", f"right document among the first {k} sources", hits) for k, hits in within.items()),
        ReportFigure(
            f"any_hit@{_FIRST_SOURCES}",
            f"any right document among the first {_FIRST_SOURCES} of all agents together",
            share_of([m.has_found_any(_FIRST_SOURCES) for m in measured]),
        ),
        ReportFigure("ndcg@10", "nDCG@10 of the sources", mean([m.ndcg for m in measured]), "score"),
    ]


def _confidence_auc(measured: Sequence[Measured]) -> float | None:
    return auc(*answer_confidences(measured))


def _calibration_figures(measured: Sequence[Measured], wrongly: float, present: float) -> list[ReportFigure]:
    tuning, reporting = split_halves(measured)
    threshold = threshold_for(answer_confidences(tuning)[0], wrongly)
    if threshold is None or not reporting:
        return []
    return [
        ReportFigure("calibrated_threshold", "threshold that half of the questions give", threshold, "score"),
        *declining_figures(
            reporting, lambda m: m.declined_at(threshold, present), "_calibrated", " with it, of the other half"
        ),
    ]


def _support_figures(measured: Sequence[Measured]) -> list[ReportFigure]:
    sentences = [score for m in measured for score in m.sentences]
    return [
        ReportFigure("sentences", "sentences that the answers mark", len(sentences), "count"),
        ReportFigure(
            "supported",
            "of those, with a support of at least one half",
            share_of([score >= SUPPORTED for score in sentences]),
        ),
    ]


def _agent_confusion(measured: Sequence[Measured]) -> Confusion | None:
    """Count chosen against expected agents; only questions for one agent, as others have no one row."""
    single = [(next(iter(m.question.agents)), m.agents) for m in measured if len(m.question.agents) == 1]
    pairs = Counter((expected, chosen[0] if chosen else NOBODY) for expected, chosen in single)
    return Confusion(pairs) if pairs else None


def _find_misses(measured: Sequence[Measured]) -> Iterator[tuple[float, Miss]]:
    """Yield the first thing that went wrong with each question, and how confident the desk was in doing so."""
    for m in measured:
        wrong = _first_error(m)
        if wrong:
            sure, what = wrong
            question = " / ".join([*m.question.history, m.question.text])
            agents, documents = " + ".join(sorted(m.question.agents)), ", ".join(sorted(m.question.documents))
            expected = ": ".join(filter(None, [agents or "any agent", documents or "no answer"]))
            yield sure, Miss(what, question, expected, _found_text(m))


def _first_error(m: Measured) -> tuple[float, str] | None:
    sure = m.confidence or 0.0
    if m.question.agents and not m.routed:
        return m.route_confidence, "wrong agent"
    if m.question.answerable and m.declined:
        return 1 - sure, "wrongly declined"
    if m.question.documents and not m.has_found(_FIRST_SOURCES):
        return sure, "document missed"
    if not m.question.answerable and not m.declined:
        return sure, "not declined"
    if m.unsupported:
        return 0.0, "little support"
    return None


def _found_text(m: Measured) -> str:
    first = ", ".join(uri for uris in m.sources.values() for uri in uris[:_FIRST_SOURCES])
    sure = "nothing looked up" if m.confidence is None else f"confidence {m.confidence:.2f}"
    return f"{' + '.join(m.agents) or NOBODY} ({sure}): {first}"
