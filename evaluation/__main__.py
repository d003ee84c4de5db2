"""The command line of the evaluation: measure, and show or write the report."""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from agents.catalog import Catalog, read_catalog
from backend.settings import Settings
from evaluation import answers, desk, retrieval, routing
from evaluation.calibrate import calibrate_threshold
from evaluation.page import render_page
from evaluation.questions import read_questions
from evaluation.report import EvaluationReport
from knowledge.errors import DataDirectoryInUse, DataDirectoryUnusable, DeskError, DocumentsNotFound, ReportNotWritten
from knowledge.library import Library
from knowledge.retrieval.calibration import DEFAULT_THRESHOLD, ChosenThresholds, known_thresholds
from knowledge.retrieval.outcome import OutcomeThresholds

_KNOWLEDGE = Path(__file__).parent.parent / "knowledge"
_QUESTIONS, _SAMPLES, _SAMPLES_CATALOG = _KNOWLEDGE / "questions.jsonl", _KNOWLEDGE / "samples", "customer_support"


def main() -> int:
    """Return 0 when measured, 2 after printing the reason otherwise."""
    options = _parse_options()
    try:
        report = asyncio.run(_measure_report(options, Settings.read()))
        if options.html:
            _write_page(options.html, render_page(report))
    except DeskError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 2
    print(json.dumps(report.as_json()) if options.json else report.as_text())
    return 0


async def _measure_report(options: argparse.Namespace, settings: Settings) -> EvaluationReport:
    if options.beir:
        return await retrieval.measure_retrieval(
            options.beir,
            _thresholds_in_force(settings).decline,
            settings.embedding_model,
            compare=options.compare,
            cross_encoder=settings.reranker,
        )
    if options.routing:
        return await routing.measure_routing(options.examples, options.routing, settings.embedding_model)
    questions = read_questions(options.questions or _QUESTIONS)
    default_catalog = settings.catalog if options.questions else _SAMPLES_CATALOG
    catalog = read_catalog(options.catalog or default_catalog)
    thresholds = _replaced_thresholds(settings) if options.calibrate else _thresholds_in_force(settings)
    async with _open_library(options, settings, catalog) as library:
        measured = await desk.measure_desk(questions, catalog, library, thresholds, settings)
    if options.answers:
        _write_page(options.answers, answers.answers_to_read(measured))
    if options.calibrate:
        return await calibrate_threshold(measured, options.wrongly, settings.data_dir, thresholds.decline)
    return answers.report_on(measured, thresholds.decline, options.wrongly)


def _thresholds_in_force(settings: Settings) -> OutcomeThresholds:
    return known_thresholds(settings.data_dir, settings.thresholds)


def _replaced_thresholds(settings: Settings) -> OutcomeThresholds:
    """Return the thresholds before a calibration, which may be run for the very reason that it cannot be read."""
    try:
        return _thresholds_in_force(settings)
    except DataDirectoryUnusable as error:
        print(f"{error.message}; measured with {DEFAULT_THRESHOLD}", file=sys.stderr)
        return ChosenThresholds().completed(None)


@asynccontextmanager
async def _open_library(options: argparse.Namespace, settings: Settings, catalog: Catalog) -> AsyncIterator[Library]:
    """Open a temporary index of documents, or the index of DATA_DIR if that is what is to be measured."""
    if options.documents or not (options.indexed or options.calibrate):
        async with desk.indexed_library(catalog, options.documents or _SAMPLES, settings.embedding_model) as library:
            yield library
        return
    try:
        library = await Library.open(settings.data_dir, embedding_model=settings.embedding_model)
    except DataDirectoryInUse as error:
        raise DataDirectoryInUse(
            f"{error.message}; stop it meanwhile, or give the documents with --documents"
        ) from error
    try:
        if not await library.listing():
            raise DocumentsNotFound(f"{settings.data_dir} holds no documents; index some, or give --documents")
        yield library
    finally:
        await library.close()


def _write_page(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ReportNotWritten(f"{path} cannot be written: {error.strerror}") from error


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evaluation", description="Measure how good the desk is.")
    labelled = parser.add_argument_group("the desk on labelled questions (by default, those that ship)")
    labelled.add_argument(
        "--questions", type=Path, help="JSON lines of question, agents, documents, answerable, history"
    )
    labelled.add_argument("--catalog", help="a catalogue's name, or a directory of agent files; by default CATALOG")
    labelled.add_argument("--documents", type=Path, help="a directory with the agents' folders, for a throw-away index")
    labelled.add_argument("--indexed", action="store_true", help="measure on what DATA_DIR holds instead")
    labelled.add_argument(
        "--answers", type=Path, metavar="FILE", help="also write the answers as JSON lines, to be read"
    )
    labelled.add_argument("--calibrate", action="store_true", help="find the answer threshold and keep it in DATA_DIR")
    labelled.add_argument(
        "--wrongly", type=_parse_share, default=0.05, help="share of answerable questions it may decline"
    )
    search = parser.add_argument_group("search alone, on a set in BEIR's layout")
    search.add_argument("--beir", type=Path, metavar="DIR", help="corpus.jsonl, queries.jsonl, qrels.tsv")
    search.add_argument("--compare", action="store_true", help="also by meaning alone and by words alone")
    routing_alone = parser.add_argument_group("routing alone, among agents that exist nowhere else")
    routing_alone.add_argument("--examples", type=Path, help="JSON lines of text and agent, to make the agents of")
    routing_alone.add_argument(
        "--routing", type=Path, help="JSON lines of text and agent, null for none of them, to route"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write a page with the misses")
    options = parser.parse_args()
    _check_options(parser, options)
    return options


def _check_options(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Reject options that do not go together, before anything is measured."""
    if bool(options.examples) != bool(options.routing):
        parser.error("--examples and --routing go together")
    if sum(map(bool, (options.beir, options.routing, options.questions))) > 1:
        parser.error("give one of --questions, --beir and --routing")
    if options.calibrate and not options.questions:
        parser.error("--calibrate needs --questions of your own")
    for name in ("html", "answers"):
        file = getattr(options, name)
        if file and (file.is_dir() or not file.absolute().parent.is_dir()):
            parser.error(f"--{name} {file} is not a file in a directory that exists")


def _parse_share(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError("must be from 0 to 1")
    return value


if __name__ == "__main__":
    sys.exit(main())
