"""The evaluation command on a small labelled set, and the figures it computes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge.evaluate import read_questions
from knowledge.scores import Labelled, Measured, Scores, halves, threshold_for, worst
from tests.conftest import write_documents
from tests.serving import ROOT, environment

SAMPLES = ROOT / "knowledge" / "questions.jsonl"
_LINES = (
    {"question": "charged twice", "agents": ["billing"], "documents": ["billing/refunds.md"], "answerable": True},
    {"question": "what does Team cost", "agents": ["billing"], "documents": ["billing/prices.md"], "answerable": True},
    {"question": "upload says 413", "agents": ["technical"], "documents": ["technical/uploads.md"], "answerable": True},
    {"question": "is my data encrypted", "agents": ["compliance"], "documents": ["compliance/privacy.md"]},
)


def labelled(*, answerable: bool = True, agent: str = "billing", document: str = "billing/a.md") -> Labelled:
    return Labelled("q", (), frozenset({agent}), frozenset({document} if answerable else ()), answerable)


def measured(question: Labelled, confidence: float, uris: tuple[str, ...], agent: str = "billing") -> Measured:
    return Measured(question, (agent,), 1.0, {agent: uris}, confidence, 0.01)


def run(tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "knowledge.evaluate", *options]
    return subprocess.run(
        command, capture_output=True, text=True, env=environment(tmp_path, 1), timeout=120, cwd=tmp_path, check=False
    )


def test_the_command_measures_other_questions_over_other_documents(tmp_path: Path) -> None:
    questions = tmp_path / "questions.jsonl"
    questions.write_text("\n".join(json.dumps({"answerable": True} | line) for line in _LINES), encoding="utf-8")
    documents = write_documents(tmp_path / "documents")
    catalog = str(ROOT / "agents" / "catalogs" / "customer_support")
    done = run(tmp_path, "--questions", str(questions), "--documents", str(documents), "--catalog", catalog, "--json")
    scores = json.loads(done.stdout)
    assert scores["routed"] == 1.0
    assert scores["document_in_first_3"] == 1.0
    assert scores["questions"] == 1


@pytest.mark.parametrize(
    ("line", "named"), [("not json", "line 2"), ('{"question": "x"}', "line 2"), ('{"agents": 7}', "line 2")]
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, named: str) -> None:
    questions = tmp_path / "questions.jsonl"
    questions.write_text(json.dumps({"answerable": True} | _LINES[0]) + "\n" + line, encoding="utf-8")
    done = run(tmp_path, "--questions", str(questions))
    assert done.returncode == 2
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_shares_are_of_the_questions_they_concern() -> None:
    items = [
        measured(labelled(), 0.9, ("billing/b.md", "billing/a.md")),
        measured(labelled(), 0.1, ("billing/b.md", "billing/c.md", "billing/d.md", "billing/a.md")),
        measured(labelled(answerable=False), 0.3, ("billing/b.md",)),
        measured(labelled(answerable=False, agent="technical"), 0.7, ("billing/b.md",)),
    ]
    scores = Scores.of(items, 0.5)
    assert (scores.routed, scores.document_in_first_3) == (0.75, 0.5)
    assert (scores.declined, scores.wrongly_declined, scores.auc_answerable) == (0.5, 0.5, 0.5)
    assert [what for what, _ in worst(items, 0.5)] == ["wrong agent", "wrongly declined"]


def test_the_threshold_declines_no_more_than_allowed() -> None:
    items = [measured(labelled(), confidence / 100, ()) for confidence in range(1, 101)]
    threshold = threshold_for(items, 0.05)
    assert sum(item.confidence < threshold for item in items) == 5


def test_halves_share_nothing_and_are_alike_in_kind() -> None:
    items = [measured(labelled(answerable=number % 3 > 0), number, ()) for number in range(30)]
    tuning, reporting = halves(items)
    assert {item.confidence for item in tuning}.isdisjoint(item.confidence for item in reporting)
    assert sum(item.question.answerable for item in tuning) == sum(item.question.answerable for item in reporting) == 10


def test_the_sample_questions_are_as_many_and_as_varied_as_promised() -> None:
    questions = read_questions(SAMPLES)
    agents = ("technical", "billing", "compliance", "general")
    assert len(questions) >= 150
    assert all(sum(question.agents == {agent} for question in questions) >= 25 for agent in agents)
    assert sum(not question.answerable for question in questions) >= 25
    assert sum(len(question.agents) == 2 for question in questions) >= 15
    assert sum(bool(question.history) for question in questions) >= 15
    assert len({(question.text, question.history) for question in questions}) == len(questions)


def test_every_expected_document_exists_in_a_folder_of_its_agents() -> None:
    for question in read_questions(SAMPLES):
        assert question.answerable == bool(question.documents)
        for document in question.documents:
            assert (ROOT / "knowledge" / "samples" / document).is_file(), document
            assert document.split("/")[0] in question.agents
