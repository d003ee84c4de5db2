"""Odd documents, odd names and a damaged index: each is survived, and none spoils what is beside it."""

import os
from pathlib import Path

import pytest

from knowledge.errors import DocumentUnreadable
from knowledge.ingestion.chunking import MAX_CHARS, split_document
from knowledge.ingestion.ingest import ingest
from knowledge.library import Library
from knowledge.loaders import LoadedText, load
from knowledge.retrieval.search import Searcher
from knowledge.storage.documents import DocumentKey
from tests.knowledge.parts import check_level, texts, write
from tests.test_index_documents import index

GOOD = {"good.md": "# Good\n\nA good one.\n"}


@pytest.mark.parametrize("damage", [b"garbage" * 9_000, b"SQLite format 3\0" + b"\xff" * 9_000])
async def test_a_damaged_index_is_filled_again(data_dir: Path, damage: bytes) -> None:
    (data_dir / "chroma" / "chroma.sqlite3").write_bytes(damage)
    library = await Library.open(data_dir)
    await check_level(library)
    assert (await texts(library, "billing", "I was charged twice"))[0].startswith("A duplicate charge is refunded")
    await library.close()


@pytest.mark.parametrize("word", ["database", "purchases", "license", "release", "response"])
async def test_words_whose_stem_has_a_stem_of_its_own_are_found(library: Library, word: str) -> None:
    await library.put(DocumentKey("billing", "t", "a.md"), b"A database purchase, license, release and response.")
    found = await Searcher(library).search(word, "billing")
    assert max(passage.lexical for passage in found.passages) > 0


@pytest.mark.parametrize("name", ["2.5.1", "O'Brien", "acme.Example", "Café"])
async def test_names_with_dots_apostrophes_or_accents_are_known(library: Library, name: str) -> None:
    await library.put(DocumentKey("billing", "t", "a.md"), f"It came with {name} in May.".encode())
    found = await Searcher(library).search(f"Did it come with {name}?", "billing")
    assert found.signals.unknown_names == 0


@pytest.mark.parametrize("content", ["---\ndate: 2024-02-30\n---\nText.\n", "{\nkey\n}\nText.\n"])
async def test_impossible_front_matter_spoils_its_own_file_only(library: Library, tmp_path: Path, content: str) -> None:
    report = await ingest(write(tmp_path / "docs", {"bad.md": content, **GOOD}), "general", library)
    assert report.added[-1:] == ["good.md"]


async def test_a_link_to_itself_is_left_alone(library: Library, tmp_path: Path) -> None:
    root = write(tmp_path / "docs", GOOD)
    (root / "loop.md").symlink_to(root / "loop.md")
    assert (await ingest(root, "general", library)).added == ["good.md"]


async def test_a_name_that_is_not_utf8_is_one_failure(library: Library, tmp_path: Path) -> None:
    root = write(tmp_path / "docs", {os.fsdecode(b"\xff.md"): "Text.", **GOOD})
    report = await ingest(root, "general", library)
    assert "good.md" in report.added
    assert len(report.failed) == 1


@pytest.mark.parametrize("folder", ["faq_", "faq-"])
async def test_folders_may_end_as_they_like(data_dir: Path, folder: str) -> None:
    library = await Library.open(data_dir)
    try:
        await library.put(DocumentKey(folder, "t", "a.md"), b"Text.")
    finally:
        await library.close()
        again = await Library.open(data_dir)
        held = await again.sizes()
        await again.close()
    assert held[folder] == 1


@pytest.mark.parametrize(("head", "row"), [("A", "y" * 3_000), ("A" * 100, "y" * 950), ("A" * 1_500, "y")])
def test_wide_tables_keep_to_the_limit(head: str, row: str) -> None:
    chunks = split_document(LoadedText("t", f"| {head} | B |\n| --- | --- |\n" + f"| {row} | z |\n" * 3))
    assert max(len(chunk.text) for chunk in chunks) <= MAX_CHARS


def test_titles_keep_underscores_inside_words() -> None:
    assert load(b"# The ERR_TIMEOUT setting\n\nText.", "a.md").title == "The ERR_TIMEOUT setting"


def test_failures_of_one_name_in_two_folders_are_two(tmp_path: Path) -> None:
    root = write(tmp_path / "docs", {"billing/bad.md": b"\xff", "technical/bad.md": b""})
    output = index(tmp_path / "data", root).stdout
    assert output.endswith("2 failed\n")
    assert output.count("failed: bad.md") + output.count("/bad.md: ") >= 2


def test_a_folder_without_documents_does_not_stop_the_others(tmp_path: Path) -> None:
    root = write(tmp_path / "docs", {"billing/a.pdf": b"%PDF", "technical/bad.md": b"\xff"})
    assert "technical 1/1" in index(tmp_path / "data", root).stdout


def test_a_heading_without_text_below_it_stands_for_itself() -> None:
    chunks = split_document(
        LoadedText("t", "# t\n\n## Is there a phone number? No.\n\n## Is there a fax? Yes.\n\n555-1234")
    )
    assert "phone number" in " ".join(chunk.section + chunk.text for chunk in chunks)


def test_lines_like_link_definitions_are_kept() -> None:
    assert "timeout" in " ".join(c.text for c in split_document(load(b"Codes\n\n[E4012]: timeout\n", "codes.txt")))


def test_text_between_two_rules_is_text() -> None:
    assert "Call us." in load(b"---\nCall us.\n---\nRest.", "a.md").markdown


def test_front_matter_cannot_stand_for_more_than_it_holds() -> None:
    bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    bomb += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 7)]
    with pytest.raises(DocumentUnreadable, match="aliases"):
        load(("---\n" + "\n".join(bomb) + "\ntitle: *a6\n---\nText.").encode(), "a.md")


@pytest.mark.parametrize("matter", ["x: " + "y" * 17_000, "x: " + "[" * 5_000])
def test_huge_front_matter_is_one_clear_failure(matter: str) -> None:
    with pytest.raises(DocumentUnreadable, match="front matter"):
        load(f"---\n{matter}\n---\nText.".encode(), "a.md")


async def test_an_emptied_folder_is_followed_when_told_so(library: Library, tmp_path: Path) -> None:
    root = write(tmp_path / "docs", GOOD)
    await ingest(root, "general", library)
    (root / "good.md").unlink()
    assert "good.md" in (await ingest(root, "general", library, prune=True)).removed


async def test_odd_names_fail_alone_through_every_door(library: Library, tmp_path: Path) -> None:
    report = await ingest(write(tmp_path / "docs", {"a\tb.md": "Text.", **GOOD}), "general", library)
    assert (report.added, len(report.failed)) == (["good.md"], 1)
