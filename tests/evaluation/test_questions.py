"""The command on labelled questions, and what is counted of them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.catalog import read_catalog
from backend.settings import Settings
from evaluation import desk
from evaluation.answers import report_on
from evaluation.questions import Labelled, Measured, read_questions, split_halves
from knowledge.errors import RerankerUnusable
from knowledge.library import Library
from knowledge.retrieval.outcome import OutcomeThresholds
from tests.conftest import write_documents
from tests.evaluation.command import figures, refusal, run, run_alone, write_lines
from tests.serving import ROOT

SAMPLES = ROOT / "knowledge" / "questions.jsonl"
CATALOG = ROOT / "agents" / "catalogs" / "customer_support"
LINES = (
    {"question": "charged twice", "agents": ["billing"], "documents": ["billing/refunds.md"], "answerable": True},
    {"question": "what does Team cost", "agents": ["billing"], "documents": ["billing/prices.md"], "answerable": True},
    {"question": "upload says 413", "agents": ["technical"], "documents": ["uploads.md"], "answerable": True},
    {
        "question": "and after that?",
        "history": ["is my data encrypted at rest"],
        "agents": ["compliance"],
        "documents": ["compliance/privacy.md"],
        "answerable": True,
    },
    {"question": "Do you sponsor <b>ice hockey</b> teams?", "agents": ["general"], "answerable": False},
)


def labelled(*, answerable: bool = True, agent: str = "billing", document: str = "billing/a.md") -> Labelled:
    return Labelled("q", (), frozenset({agent}), frozenset({document} if answerable else ()), answerable)


def measured(
    question: Labelled,
    confidence: float | None,
    uris: tuple[str, ...] = (),
    *,
    agent: str = "billing",
    sentences: tuple[float, ...] = (),
) -> Measured:
    sources = {agent: uris}
    declined = confidence is not None and confidence < 0.5
    return Measured(question, (agent,), 1.0, sources, confidence, declined, "answer", sentences, 0.01)


def told(items: list[Measured]) -> dict[str, float | None]:
    return report_on(items, 0.5, 0.05).as_json()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The questions, and the documents that answer them."""
    root = tmp_path_factory.mktemp("questions")
    write_lines(root / "questions.jsonl", LINES)
    write_documents(root / "documents")
    return root


def test_the_command_asks_the_whole_desk(place: Path) -> None:
    page = place / "report.html"
    asked = ("--questions", place / "questions.jsonl", "--documents", place / "documents", "--catalog", CATALOG)
    scores = figures(run_alone(place, *asked, "--json", "--html", page))
    assert scores["questions"] == 5
    assert scores["routed"] >= 0.8
    assert scores["hit@3"] == 1.0
    assert 0.9 <= scores["ndcg@10"] <= 1.0
    # The sentences that matter most in what is quoted, and how surely they answer.
    assert scores["sentences"] == 5
    assert 0.8 <= scores["supported"] <= 1
    assert scores["ms_p99"] >= scores["ms_p50"] > 0
    assert scores["confusion"]["billing"] == {"billing": 2}
    html = page.read_text(encoding="utf-8")
    assert "<b>ice hockey" not in html
    assert "<script" not in html
    assert "http" not in html.replace("http-equiv", "")


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("not json", "line 2: Invalid JSON"),
        ('{"question": "x"}', "line 2: answerable"),
        ('{"question": "x", "answerable": true, "agents": 7}', "line 2: agents"),
        ("[" * 100_000, "line 2"),
        ('{"question": "' + "x" * 5_000_000, "line 2: longer than"),
        ('{"question": "\\ud800", "answerable": true}', "line 2"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, named: str) -> None:
    questions = tmp_path / "questions.jsonl"
    questions.write_text(json.dumps(LINES[0]) + "\n" + line, encoding="utf-8")
    with pytest.raises(Exception, match=named) as raised:
        read_questions(questions)
    assert type(raised.value).__name__ == "QuestionsInvalid"
    assert str(questions) in str(raised.value)


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_a_file_without_questions_is_refused(tmp_path: Path, content: str) -> None:
    questions = tmp_path / "questions.jsonl"
    questions.write_text(content, encoding="utf-8")
    assert "holds no questions" in refusal(run(tmp_path, "--questions", questions))


def test_what_cannot_be_indexed_is_told_beside_the_figures(place: Path, tmp_path: Path) -> None:
    write_documents(tmp_path / "documents")
    (tmp_path / "documents" / "billing" / "scan.pdf").write_bytes(b"no PDF")
    questions = write_lines(tmp_path / "questions.jsonl", LINES[:1])
    done = run(
        tmp_path, "--questions", questions, "--documents", tmp_path / "documents", "--catalog", CATALOG, "--json"
    )
    assert (done.returncode, json.loads(done.stdout)["questions"]) == (0, 1)
    (line,) = done.stderr.splitlines()
    assert line.startswith("not indexed: billing/scan.pdf: ")


async def test_the_desk_is_measured_as_it_is_set(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[object, ...]] = []

    class Strategies(desk._ConfidenceRecorder):
        def __init__(self, *parts: Any) -> None:
            made.append(parts)
            super().__init__(*parts)

    monkeypatch.setattr(desk, "_ConfidenceRecorder", Strategies)
    catalog = read_catalog(str(CATALOG))
    await desk.measure_desk([], catalog, library, OutcomeThresholds(0.2), Settings(whole_documents_chars=77))
    assert made[0][2] == 77
    with pytest.raises(RerankerUnusable):
        await desk.measure_desk([], catalog, library, OutcomeThresholds(0.2), Settings(reranker="/no/such/model"))


def test_the_command_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    questions = tmp_path / "questions.jsonl"
    questions.write_bytes(json.dumps(LINES[0]).encode() + b"\n\xff\n")
    assert "line 2: not UTF-8" in refusal(run(tmp_path, "--questions", questions))
    assert "cannot be read" in refusal(run(tmp_path, "--questions", tmp_path / "none.jsonl"))


def test_shares_are_of_the_questions_they_concern() -> None:
    scores = told(
        [
            measured(labelled(), 0.9, ("billing/b.md", "billing/a.md"), sentences=(1.0, 0.1)),
            measured(labelled(), 0.1, ("billing/b.md", "billing/c.md", "billing/d.md", "billing/a.md")),
            measured(labelled(answerable=False), 0.3, ("billing/b.md",), sentences=(0.0,)),
            measured(labelled(answerable=False, agent="technical"), 0.7, ("billing/b.md",)),
        ]
    )
    assert (scores["routed"], scores["routed_two"]) == (0.75, None)
    assert [scores[f"hit@{k}"] for k in (1, 3, 5)] == [0.0, 0.5, 1.0]
    assert (scores["declined"], scores["wrongly_declined"], scores["auc_answerable"]) == (0.5, 0.5, 0.5)
    # What is declined answers nothing.
    assert (scores["sentences"], scores["supported"]) == (2, 0.5)


def test_what_is_declined_is_what_the_desk_declined() -> None:
    sure_but_silent = replace(measured(labelled(), 0.9), declined=True)
    handed_over = [measured(labelled(answerable=answerable), None) for answerable in (True, False)]
    scores = told([sure_but_silent, measured(labelled(), 0.8), *handed_over, measured(labelled(answerable=False), 0.2)])
    assert scores["wrongly_declined"] == pytest.approx(1 / 3, abs=1e-5)
    assert scores["declined"] == 0.5
    assert scores["auc_answerable"] == 1.0
    # It has nothing to say at any other threshold either.
    assert [sure_but_silent.declined_at(threshold, 0.5) for threshold in (0.1, 0.95)] == [True, True]
    assert [measured(labelled(), 0.4).declined_at(threshold, 0.5) for threshold in (0.3, 0.45)] == [False, True]


def test_misses_come_with_what_was_expected_and_found() -> None:
    wrong_agent = measured(labelled(agent="technical"), 0.9, ("billing/b.md",))
    declined = measured(labelled(), 0.2, ("billing/a.md",))
    missed = measured(labelled(), 0.6, ("billing/b.md",))
    not_declined = measured(labelled(answerable=False), 0.7)
    unsupported = measured(labelled(), 0.9, ("billing/a.md",), sentences=(0.2,))
    report = report_on([unsupported, missed, not_declined, declined, wrong_agent], 0.5, 0.05)
    assert [miss.what for miss in report.misses] == [
        "wrong agent",
        "wrongly declined",
        "not declined",
        "document missed",
        "little support",
    ]
    assert (report.misses[3].expected, report.misses[3].found) == (
        "billing: billing/a.md",
        "billing (confidence 0.60): billing/b.md",
    )


def test_a_question_for_two_agents_needs_a_document_of_each() -> None:
    both = Labelled("q", (), frozenset({"a", "b"}), frozenset({"a/1.md", "b/2.md"}), True)
    sources = {"a": ("a/1.md",), "b": ("b/9.md", "b/2.md")}
    found = Measured(both, ("a", "b"), 1.0, sources, 0.9, False, "", (), 0.01)
    assert [found.has_found(k) for k in (1, 2)] == [False, True]
    assert found.has_found_any(1)
    assert not replace(found, sources={"b": ("b/9.md",), "c": ("c/1.md",)}).has_found_any(3)


def test_halves_share_nothing_and_are_alike_in_kind() -> None:
    items = [measured(labelled(answerable=number % 3 > 0), number) for number in range(30)]
    tuning, reporting = split_halves(items)
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
