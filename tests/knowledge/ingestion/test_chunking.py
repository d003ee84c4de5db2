"""How documents are cut into passages."""

import pytest

from knowledge.ingestion.chunking import MAX_CHARS, Chunk, split_document
from knowledge.loaders import LoadedText, load

SENTENCE = "The courier rings twice and then leaves a card. "


def cut(markdown: str, title: str = "Title") -> list[Chunk]:
    chunks = split_document(LoadedText(title, markdown))
    assert [chunk.position for chunk in chunks] == list(range(len(chunks)))
    assert all(0 < len(chunk.text) <= MAX_CHARS for chunk in chunks)
    return chunks


def test_a_passage_carries_the_path_of_its_headings() -> None:
    chunks = cut("""Before.

# Title

Intro.

## Plans & *prices*

About plans.

### The `pro` plan

About pro.

## Refunds

About refunds.

# Appendix

#### Deep

Below.
""")
    assert [(chunk.section, chunk.text) for chunk in chunks] == [
        ("", "Before.\n\nIntro."),
        ("Plans & prices", "About plans."),
        ("Plans & prices > The pro plan", "About pro."),
        ("Refunds", "About refunds."),
        ("Appendix > Deep", "Below."),
    ]


def test_blocks_below_one_heading_are_packed_up_to_the_limit() -> None:
    paragraphs = [f"{letter * 297}." for letter in "abcdefg"]
    chunks = cut("\n\n".join(paragraphs))
    assert [chunk.text for chunk in chunks] == [
        "\n\n".join(paragraphs[:3]),
        "\n\n".join(paragraphs[3:6]),
        paragraphs[6],
    ]


def test_blocks_of_different_headings_are_never_packed_together() -> None:
    chunks = cut("## One\n\na\n\n## Two\n\nb\n\n## One\n\nc")
    assert [(chunk.section, chunk.text) for chunk in chunks] == [("One", "a"), ("Two", "b"), ("One", "c")]


def test_a_long_table_is_cut_between_rows_and_repeats_its_header() -> None:
    header = "| Plan | Price |\n| :--- | ---: |"
    rows = [f"| Plan number {number} for teams | {number} USD |" for number in range(100)]
    chunks = cut(f"{header}\n" + "\n".join(rows))
    assert len(chunks) > 2
    assert all(chunk.text.startswith(f"{header}\n") for chunk in chunks)
    assert [row for chunk in chunks for row in chunk.text.split("\n")[2:]] == rows


def test_a_table_that_fits_is_one_passage() -> None:
    table = "| A | B |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |"
    assert [chunk.text for chunk in cut(f"Before.\n\n{table}\n\nAfter.")] == [f"Before.\n\n{table}\n\nAfter."]


def test_code_that_fits_is_kept_whole_even_where_it_looks_like_headings() -> None:
    code = "```sh\n" + "\n".join(f"# step {number}\n\nrun {number}" for number in range(40)) + "\n```"
    assert 600 < len(code) < MAX_CHARS
    chunks = cut(f"## Setup\n\n{'x' * 500}\n\n{code}\n\n{'y' * 500}")
    assert [(chunk.section, chunk.text) for chunk in chunks] == [
        ("Setup", "x" * 500),
        ("Setup", code),
        ("Setup", "y" * 500),
    ]


def test_long_code_is_cut_between_lines() -> None:
    lines = ["```", *(f"    command --number {number}" for number in range(120)), "```"]
    chunks = cut("\n".join(lines))
    assert [line for chunk in chunks for line in chunk.text.split("\n")] == lines


def test_a_list_that_fits_is_kept_whole() -> None:
    steps = "\n".join(f"{number}. Step\n\n   - {'detail ' * 6}{number}" for number in range(1, 10))
    assert [chunk.text for chunk in cut(f"{'x' * 700}\n\n{steps}")] == ["x" * 700, steps]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    chunks = cut(SENTENCE * 50)
    assert len(chunks) > 2
    assert all(chunk.text.endswith("a card.") for chunk in chunks)
    assert " ".join(chunk.text for chunk in chunks) == (SENTENCE * 50).strip()


@pytest.mark.parametrize("line", ["x" * 50_000, "word " * 10_000, "[" * 50_000, "*a " * 17_000, "|" * 50_000])
def test_one_very_long_line_is_cut_anywhere_and_nothing_of_it_is_lost(line: str) -> None:
    chunks = cut(f"# Title\n\n{line}\n\nAfter it.")
    joined = "".join(chunk.text for chunk in chunks)
    assert "".join(joined.split()) == "".join(f"{line}After it.".split())


def test_deep_nesting_is_read() -> None:
    assert cut(">" * 20_000 + " deep")[-1].text.endswith("deep")
    assert cut("\n".join("  " * depth + f"- level {depth}" for depth in range(400)))[-1].text.endswith("level 399")


@pytest.mark.parametrize("markdown", ["", "\n\n", "# Title\n"])
def test_a_document_without_a_block_has_no_passages(markdown: str) -> None:
    assert split_document(LoadedText("Title", markdown)) == []


def test_front_matter_names_the_document_and_is_in_no_passage() -> None:
    data = b"---\ntitle: Refund policy\nowner: finance\n---\n# Refunds\n\nWithin 30 days.\n"
    text = load(data, "policy.md")
    assert text.title == "Refund policy"
    assert [(chunk.section, chunk.text) for chunk in split_document(text)] == [("Refunds", "Within 30 days.")]


@pytest.mark.parametrize(
    ("data", "name", "title", "passage"),
    [
        (b"# **Refund** `policy` #\n\nText.", "a.md", "Refund policy", "Text."),
        (b"## Second level\n\nText.", "how-to_pay.md", "How to pay", "Text."),
        (b"---\nowner: finance\n---\nText.", "refunds.MD", "Refunds", "Text."),
        (b"---\ntitle: 2026\n---\nText.", "a.markdown", "2026", "Text."),
        ("\ufeff# Gebühren\r\n\r\nText.\rMore.".encode(), "a.md", "Gebühren", "Text.\nMore."),
        (b"# Not a title\n\nText.", "plain-text.txt", "Plain text", "Text."),
    ],
)
def test_a_document_is_titled_by_front_matter_then_heading_then_name(
    data: bytes, name: str, title: str, passage: str
) -> None:
    text = load(data, name)
    assert (text.title, [chunk.text for chunk in split_document(text)]) == (title, [passage])


def test_the_title_is_not_repeated_in_sections() -> None:
    text = load(b"# Refunds\n\nIntro.\n\n## Annual\n\nText.", "a.md")
    assert [chunk.section for chunk in split_document(text)] == ["", "Annual"]


def test_passages_of_two_pages_are_never_one_and_a_long_block_is_of_each_page_that_its_pieces_begin_on() -> None:
    rows = [f"| Plan number {number} for teams | {number} USD |" for number in range(60)]
    lines = ["One.", "", "Two.", "", "Three.", "", "| Plan | Price |", "| --- | --- |", *rows]
    chunks = split_document(LoadedText("Title", "\n".join(lines), pages=(0, 2, 38)))
    assert [(chunk.text, chunk.page) for chunk in chunks[:2]] == [("One.", 1), ("Two.\n\nThree.", 2)]
    firsts = [(chunk.text.split("\n")[2], chunk.page) for chunk in chunks[2:]]
    assert firsts == [(rows[0], 2), (rows[26], 2), (rows[51], 3)]


def test_only_documents_with_pages_have_pages() -> None:
    assert [chunk.page for chunk in cut("One.\n\n## Two\n\nThree.")] == [None, None]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_may_end_in_any_way(end: str) -> None:
    lines = ["# Fees", "", "One.", "", "## Late", "", "Two.", end, "Three."]
    assert [(chunk.section, chunk.text.split()) for chunk in split_document(LoadedText("Fees", end.join(lines)))] == [
        ("", ["One."]),
        ("Late", ["Two.", "Three."]),
    ]
