"""Calibrate the answer threshold, a confidence, from labelled questions, and store it in a data directory."""

import math
from collections.abc import Sequence
from pathlib import Path

from evaluation.answers import answer_confidences, declining_figures
from evaluation.figures import threshold_for
from evaluation.questions import Measured, split_halves
from evaluation.report import Comparison, EvaluationReport, ReportFigure
from knowledge.errors import QuestionsInvalid
from knowledge.retrieval import calibration
from knowledge.retrieval.calibration import Calibration

# With no evidence found the confidence does not exceed this, so a threshold below it would let everything pass.
_NEVER_DECLINES = 0.02
# The share of answerable questions whose answer may be given with a reservation.
_HEDGED = 0.2


async def calibrate_threshold(
    measured: Sequence[Measured], wrongly: float, data_dir: Path, before: float
) -> EvaluationReport:
    """Store the threshold, and report its cost against `before`, the one in force when the questions were asked."""
    answerable, _ = answer_confidences(measured)
    threshold = _find_threshold(answerable, wrongly)
    found = Calibration(
        answer_threshold=threshold,
        hedge_threshold=threshold_for(answerable, wrongly + _HEDGED),
        wrongly=wrongly,
        questions=len(measured),
        answerable=len(answerable),
    )
    file = await calibration.keep_calibration(data_dir, found)
    ways = {
        f"before ({before:.3f})": declining_figures(measured, lambda m: m.declined),
        f"from now on ({threshold:.3f})": declining_figures(measured, lambda m: m.declined_at(threshold, before)),
    }
    tuning, reporting = split_halves(measured)
    half = threshold_for(answer_confidences(tuning)[0], wrongly)
    if half is not None and reporting:
        ways["as on questions it has not seen"] = declining_figures(reporting, lambda m: m.declined_at(half, before))
    return EvaluationReport(
        f"The desk answers from a confidence of {threshold:.3f} on",
        [
            ReportFigure("answer_threshold", "answered from this confidence on", threshold, "score"),
            ReportFigure("questions", "questions", len(measured), "count"),
            ReportFigure("answerable", "of those, answerable", len(answerable), "count"),
        ],
        [
            f"Kept in {file}; the desk takes it up when it next starts, unless ANSWER_THRESHOLD is set.",
            *_reservations(measured, wrongly),
        ],
        comparison=Comparison("What that costs, and what it declines", ways),
    )


def _find_threshold(answerable: Sequence[float], wrongly: float) -> float:
    """Return the threshold for the confidences, if it can tell an answer from none."""
    threshold = threshold_for(answerable, wrongly)
    if threshold is None:
        raise QuestionsInvalid(
            "calibration needs questions that have an answer and that an agent looks up, and there are none"
        )
    if threshold < _NEVER_DECLINES:
        unsure = sum(confidence < _NEVER_DECLINES for confidence in answerable)
        raise QuestionsInvalid(
            f"the threshold would be {threshold:.3f}, at which the desk never declines: for {unsure} of"
            f" {len(answerable)} questions labelled as answerable it finds nothing that answers them; index what does,"
            " correct their labels, or allow it to decline more with --wrongly"
        )
    return threshold


def _reservations(measured: Sequence[Measured], wrongly: float) -> list[str]:
    answerable, unanswerable = answer_confidences(measured)
    doubts = []
    if unasked := sum(m.confidence is None for m in measured if m.question.answerable):
        doubts.append(f"No agent looked anything up for {unasked} of the answerable questions; they are left out.")
    if wrongly and len(answerable) < (least := math.ceil(1 / wrongly)):
        doubts.append(
            f"With fewer than {least} answerable questions, none of them may be declined; more would tell more."
        )
    if not unanswerable:
        doubts.append("No question is labelled as unanswerable, so what the threshold declines rightly is not known.")
    return doubts
