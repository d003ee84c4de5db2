"""Sets in BEIR's layout: what is measured of them, and what is wrong with them."""

import json
from pathlib import Path
from typing import Any

import pytest

from evaluation.beir import read_queries
from knowledge.errors import QuestionsInvalid
from tests.evaluation.command import figures, refusal, run, write_lines

CORPUS = (
    {"_id": "d/1", "title": "Parental leave", "text": "Parental leave lasts fourteen weeks and is paid in full."},
    {"_id": "d2", "title": "", "text": "# The canteen\n\nThe canteen opens at noon and closes at two."},
    {"_id": "d3", "title": "Bicycles", "text": "Bicycles are kept in the cellar; the key hangs at the reception."},
    {"_id": "d4", "title": "Empty", "text": ""},
    {"_id": "d5", "text": "Parking costs four euros a day."},
)
QUERIES: tuple[dict[str, Any], ...] = (
    {"_id": "q1", "text": "How many weeks of parental leave are there?"},
    {"_id": "q2", "text": "When does the canteen open?"},
    {"_id": "q3", "text": "Where do I leave my bicycle?"},
    {"_id": "q4", "text": "Who judges nothing here?"},
)
UNANSWERABLE = {"_id": "q5", "text": "What is the boiling point of tungsten?", "answerable": False}
QRELS = "query-id\tcorpus-id\tscore\nq1\td/1\t1\nq2\td2\t2\nq3\td3\t1\nq3\td5\t0\n"
DOCUMENTS = {line["_id"] for line in CORPUS}


def write_set(root: Path, *queries: dict[str, Any], qrels: str = QRELS, place: str = "qrels.tsv") -> Path:
    write_lines(root / "corpus.jsonl", CORPUS)
    write_lines(root / "queries.jsonl", queries or QUERIES)
    (root / place).parent.mkdir(exist_ok=True)
    (root / place).write_text(qrels, encoding="utf-8")
    return root


def test_search_is_measured_by_each_way_of_ranking(tmp_path: Path) -> None:
    beir = write_set(tmp_path / "set", *QUERIES, UNANSWERABLE, place="qrels/test.tsv")
    done = run(tmp_path, "--beir", beir, "--compare", "--json", "--html", tmp_path / "report.html")
    scores = figures(done)
    # The query that nothing is known of is left out.
    assert (scores["documents"], scores["chunks"], scores["queries"]) == (5, 5, 4)
    assert scores["hit@1"] == scores["hit@5"] == scores["ndcg@10"] == 1.0
    assert scores["auc_answerable"] == 1.0
    assert scores["declined"] in (0.0, 1.0)
    assert 0 <= scores["wrongly_declined"] <= 1
    assert scores["search_ms_p99"] >= scores["search_ms_p50"] > 0
    assert set(scores["compared"]) == {"dense alone", "lexical alone", "fused"}
    assert scores["compared"]["fused"]["ndcg@10"] == scores["ndcg@10"]
    assert "lexical alone" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_what_has_no_meaning_is_null(tmp_path: Path) -> None:
    scores = figures(run(tmp_path, "--beir", write_set(tmp_path / "set"), "--json"))
    assert scores["queries"] == 3
    assert (scores["auc_answerable"], scores["declined"]) == (None, None)
    assert "compared" not in scores


@pytest.mark.parametrize(
    ("qrels", "named"),
    [
        (QRELS + "q9\td2\t1\n", "line 6: there is no query 'q9'"),
        (QRELS + "q1\td9\t1\n", "line 6: there is no document 'd9'"),
        (QRELS + "q1 d2 1\n", "line 6: not a query-id"),
        (QRELS + "q1\td2\tmuch\n", "line 6: not a query-id"),
        ("query-id\tcorpus-id\tscore\n", "no query that a document answers"),
    ],
)
def test_judgements_that_cannot_be_are_named(tmp_path: Path, qrels: str, named: str) -> None:
    with pytest.raises(QuestionsInvalid, match=named):
        read_queries(write_set(tmp_path, qrels=qrels), DOCUMENTS)


@pytest.mark.parametrize(
    ("file", "line", "named"),
    [
        ("corpus.jsonl", {"title": "no id", "text": "x"}, "line 6: _id"),
        ("corpus.jsonl", {"_id": "d2", "text": "again"}, "line 6: there is a document 'd2' already"),
        ("queries.jsonl", {"_id": "q9"}, "line 5: text"),
        ("queries.jsonl", {"_id": "q1", "text": "again"}, "line 5: there is a query 'q1' already"),
    ],
)
def test_the_command_names_a_line_that_cannot_be(tmp_path: Path, file: str, line: dict[str, Any], named: str) -> None:
    beir = write_set(tmp_path / "set")
    with (beir / file).open("a", encoding="utf-8") as end:
        end.write(json.dumps(line) + "\n")
    told = refusal(run(tmp_path, "--beir", beir))
    assert f"{file}, {named}" in told


def test_judgements_must_be_there(tmp_path: Path) -> None:
    beir = write_set(tmp_path)
    (beir / "qrels.tsv").unlink()
    with pytest.raises(QuestionsInvalid, match=r"has none of qrels\.tsv"):
        read_queries(beir, DOCUMENTS)
