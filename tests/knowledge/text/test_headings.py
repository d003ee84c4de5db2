"""Headings are carried by every passage below them, so they are cut, and so is what a document may become."""

import json
import sqlite3
from pathlib import Path

import pytest

from agents.answering.sources import SourceNumbering
from agents.graph.answer_stream import AnswerStream
from frontdesk.contracts.events import Sources
from knowledge.errors import DocumentUnreadable
from knowledge.ingestion import chunking
from knowledge.ingestion.chunking import split_document
from knowledge.library import Library
from knowledge.loaders import LoadedText
from knowledge.retrieval.search import Searcher
from knowledge.retrieval.strategies import EvidenceGatherer
from knowledge.storage.documents import DocumentKey
from knowledge.text.headings import MAX_HEADING_CHARS, MAX_PATH_CHARS, joined, shortened, shortened_path

LONG = "Very long headings say much " * 5_000


def _parts(count: int) -> str:
    return "".join(f"### {number}\n\ny\n\n" for number in range(count))


def test_a_heading_is_cut_at_a_word() -> None:
    assert shortened("Refunds") == "Refunds"
    assert shortened("word " * 100) == ("word " * 40).strip()
    assert shortened("字" * 300) == "字" * MAX_HEADING_CHARS
    assert shortened(f"{'a' * 190} {'b' * 100}") == "a" * 190
    assert shortened(f"a {'b' * 300}") == f"a {'b' * (MAX_HEADING_CHARS - 2)}"


def test_of_a_path_the_nearest_headings_are_kept() -> None:
    assert joined(["Plans", "Pro"]) == "Plans > Pro"
    assert joined(["a" * 180, "b" * 180, "c" * 180]) == f"{'b' * 180} > {'c' * 180}"
    assert joined(["a" * 500]) == "a" * MAX_HEADING_CHARS
    assert joined([]) == ""
    assert len(shortened_path(" > ".join([LONG] * 6))) <= MAX_PATH_CHARS
    assert shortened_path("Plans > Pro") == "Plans > Pro"


def test_a_long_heading_is_not_copied_into_each_passage() -> None:
    parts = "\n\n".join(f"### Part {number}\n\n{'Some text. ' * 20}" for number in range(200))
    pieces = split_document(LoadedText("Title", f"# {LONG}\n\n## {LONG}\n\n{parts}"))
    assert {len(piece.section) <= MAX_PATH_CHARS for piece in pieces} == {True}
    assert pieces[-1].section.endswith("> Part 199")


def test_a_heading_that_stands_for_itself_keeps_all_its_words() -> None:
    text = "\n".join(piece.text for piece in split_document(LoadedText("Title", f"## {'word ' * 500}end")))
    assert text.split() == ["word"] * 500 + ["end"]


def test_a_document_of_headings_is_refused() -> None:
    heading = "h" * 150
    with pytest.raises(DocumentUnreadable, match="headings stand in so many"):
        split_document(LoadedText("Title", f"# {heading}\n\n## {heading}\n\n" + _parts(10_000)))


def test_a_document_of_too_many_passages_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunking, "MAX_PASSAGES", 50)
    assert len(split_document(LoadedText("Title", _parts(50)))) == 50
    with pytest.raises(DocumentUnreadable, match="more than 50 passages"):
        split_document(LoadedText("Title", _parts(51)))


def test_an_ordinary_document_may_have_many_short_parts() -> None:
    questions = "".join(f"## May I bring my dog on day {day}?\n\nYes.\n\n" for day in range(5_000))
    assert len(split_document(LoadedText("Dogs", questions))) == 5_000


async def test_what_was_stored_with_long_headings_is_told_cut(library: Library, data_dir: Path) -> None:
    document = await library.put(DocumentKey("garage", "test", "parking.md"), b"# Parking\n\nParking costs 2 EUR.\n")
    with sqlite3.connect(data_dir / "knowledge.db") as db:
        db.execute("UPDATE chunks SET section = ? WHERE document_id = ?", (" > ".join([LONG] * 4), document.id))
    told: list[Sources] = []
    evidence = await EvidenceGatherer(library, Searcher(library)).gather("rag", "garage", "What does parking cost?")
    SourceNumbering(
        "billing", AnswerStream(), lambda event: told.append(event) if isinstance(event, Sources) else None
    ).begin(evidence)
    assert len(told[0].model_dump_json()) < 2_000
    assert json.loads(told[0].model_dump_json())["sources"][0]["title"] == "Parking"


async def test_what_is_stored_of_a_document_stays_where_it_is_refused_now(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await library.put(DocumentKey("garage", "test", "headings.md"), _parts(20).encode())
    monkeypatch.setattr(chunking, "MAX_PASSAGES", 10)
    with pytest.raises(DocumentUnreadable):
        await library.read_again(document)
    assert (await library.whole(document.id)).info.chunks == document.chunks
