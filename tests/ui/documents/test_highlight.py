"""Where a document holds what an answer took from it."""

import time

import pytest

from knowledge.ingestion.chunking import split_document
from knowledge.loaders import LoadedText
from tests.conftest import DOCUMENTS
from ui.documents.excerpt_window import excerpt_around
from ui.documents.highlight import HighlightedDocument, highlight_document

REFUNDS = DOCUMENTS["billing/refunds.md"]
PRICES = DOCUMENTS["billing/prices.md"]
DUPLICATE = "A duplicate charge is refunded within 5 to 10 working days to the same card."


def words(found: HighlightedDocument) -> list[str]:
    return [part["text"] for part in found.parts if part["kind"] == "words"]


def passage(found: HighlightedDocument) -> str:
    return "".join(part["text"] for part in found.parts if part["kind"])


def whole(found: HighlightedDocument) -> str:
    return "".join(part["text"] for part in found.parts)


def test_the_passage_is_found_and_in_it_the_words_of_the_answer() -> None:
    snippet = REFUNDS.split("\n\n", 2)[2].split("\n\n##")[0]
    found = highlight_document(REFUNDS, snippet=snippet, answer=f"{DUPLICATE} [1]")
    assert (words(found), passage(found), whole(found)) == ([DUPLICATE], snippet.strip(), REFUNDS)
    assert found.is_found
    assert found.has_beginning
    assert found.has_end


def test_white_space_case_accents_and_markdown_make_no_difference() -> None:
    text = "Intro.\n\n*Résumés* are  **kept for\n30 days** and [then deleted](https://acme.example/a.html?x=1)."
    found = highlight_document(
        text, snippet=text[8:].replace("\n", " "), answer="RESUMES are kept for 30 days and then deleted [2]."
    )
    assert words(found) == [text[8 : text.index("](") + 1]]


def test_words_that_are_put_otherwise_leave_the_passage_alone() -> None:
    found = highlight_document(REFUNDS, snippet=DUPLICATE, answer="You get your money back in about two weeks [1].")
    assert (words(found), passage(found)) == ([], DUPLICATE)


def test_a_phrase_within_other_words_is_marked_and_a_chance_one_is_not() -> None:
    found = highlight_document(
        REFUNDS, snippet=DUPLICATE, answer="It takes 5 to 10 working days, and a card to the same one."
    )
    assert words(found) == ["5 to 10 working days"]


def test_the_end_of_a_passage_that_was_cut_is_found() -> None:
    """Quoted is often what stands behind the first words of a passage; the next heading is no part of it."""
    text = (
        f"# Files\n\n{'One word after another. ' * 20}It is kept for ninety days in all.\n\n## Other\n\n{DUPLICATE}\n"
    )
    cut = text[9:150] + " ..."
    found = highlight_document(text, snippet=cut, answer=f"It is kept for ninety days in all. [1] {DUPLICATE} [2]")
    assert words(found) == ["It is kept for ninety days in all."]
    assert passage(found) == text[9 : text.index("\n\n## Other")]


def test_a_passage_that_is_cut_in_the_middle_of_a_word() -> None:
    assert (
        passage(highlight_document(REFUNDS, snippet=DUPLICATE[:44] + " ..."))
        == "A duplicate charge is refunded within 5 to 10"
    )


def test_rows_of_a_table_below_the_header_that_is_repeated_for_them() -> None:
    rows = "\n".join(f"| Plan number {row} | {row} USD | {row} GB |" for row in range(200))
    text = f"# Prices\n\n| Plan | Price | Storage |\n| --- | --- | --- |\n{rows}\n\nThat is all."
    chunk = split_document(LoadedText("Prices", text))[-1]
    last = "| Plan number 199 | 199 USD | 199 GB |"
    assert last in chunk.text
    assert chunk.text.startswith("| Plan | Price |")
    found = highlight_document(
        text, snippet=chunk.text, answer=f"| Plan | Price | Storage |\n| --- | --- | --- |\n{last}\n\n[1]"
    )
    assert words(found) == [last.strip("| ")]
    assert passage(found) in chunk.text


def test_short_rows_and_items_are_marked_as_a_whole_or_not_at_all() -> None:
    assert words(highlight_document("| Starter | 6 |\n| Team | 12 |", whole=True, answer="| Team | 12 |")) == [
        "Team | 12"
    ]
    text = "1. Open Settings\n2. Choose Billing\n3. Open Settings again"
    assert words(highlight_document(text, whole=True, answer="7. **Open** Settings")) == ["Open Settings"]


def test_a_row_of_a_table() -> None:
    found = highlight_document(PRICES, snippet=PRICES.split("\n\n")[1], answer="| Team | 12 USD | 500 GB |\n\n[1]")
    assert words(found) == ["Team | 12 USD | 500 GB"]


def test_code() -> None:
    text = "# Start\n\n```python\nprint(total_of(1, 2))\n```\n\nOr so:\n\n```sh\nmake run\n```"
    assert words(highlight_document(text, whole=True, answer="```sh\nmake run\n```")) == ["make run"]


@pytest.mark.parametrize(
    ("marked", "behind", "answer"),
    [
        ("退款将在十个工作日内退回到同一张卡上", "。其他情况请联系我们。", "退款将在十个工作日内退回到同一张卡上[1]。"),
        ("Die Größe der Straße ist 5 m", " in der Mitte. Ja.", "DIE GRÖSSE DER STRASSE IST 5 M"),
        ("cafe\u0301 au lait \U0001f600 costs three euros", " a cup", "Café au lait costs three euros"),
        ("Деньги вернутся на карту за десять дней.", "", "деньги вернутся на карту за десять дней"),
    ],
)
def test_other_scripts(marked: str, behind: str, answer: str) -> None:
    assert words(highlight_document(marked + behind, whole=True, answer=answer)) == [marked]


def test_of_several_places_the_one_below_the_heading() -> None:
    text = (
        "# Terms\n\n## Starter\n\nIt ends after one month.\n\n## Team\n\nIt ends after one month.\n\n## Free\n\nNever."
    )
    found = highlight_document(
        text, snippet="It ends after one month.", section="Plans > Team", answer="It ends after one month. [1]"
    )
    assert "".join(part["text"] for part in found.parts[:1]).endswith("## Team\n\n")
    assert words(found) == ["It ends after one month."]
    assert (
        highlight_document(text, snippet="It ends after one month.", section="No such")
        .parts[0]["text"]
        .endswith("Starter\n\n")
    )


def test_in_a_whole_document_every_quotation_is_marked_and_nothing_is_shaded() -> None:
    privacy = DOCUMENTS["compliance/privacy.md"]
    answer = "Data is encrypted at rest with AES-256. [1]\n\nCustomer data is stored in Frankfurt. [1]"
    found = highlight_document(privacy, snippet=privacy[:320], answer=answer, whole=True)
    assert passage(found) == "Customer data is stored in Frankfurt. Data is encrypted at rest with AES-256."
    assert {part["kind"] for part in found.parts} == {"", "words"}


def test_what_is_not_there_is_not_made_up() -> None:
    assert highlight_document("", snippet="a b", answer="a b").parts == []
    found = highlight_document(
        REFUNDS, snippet="Nothing of this kind stands in it.", answer="Nothing of this kind stands in it."
    )
    assert (found.is_found, found.parts) == (False, [{"kind": "", "text": REFUNDS}])
    assert not highlight_document(REFUNDS, snippet="... ![](x) ---").is_found


def test_a_passage_that_has_changed_a_little_is_found() -> None:
    changed = REFUNDS.replace("unless Acme", "unless the company Acme")
    snippet = REFUNDS.split("## Annual plans\n\n")[1]
    assert passage(highlight_document(changed, snippet=snippet)) == changed.split("## Annual plans\n\n")[1].strip()


def test_of_a_large_document_whole_blocks_around_the_words() -> None:
    blocks = [f"Paragraph {number} of many says this and that." for number in range(10_000)]
    found = highlight_document("\n\n".join(blocks), snippet=blocks[5_000], answer=blocks[5_000])
    shown = whole(found).strip().split("\n\n")
    assert words(found) == [blocks[5_000]]
    assert shown == blocks[blocks.index(shown[0]) : blocks.index(shown[-1]) + 1]
    assert 50_000 < len(whole(found)) <= 60_000
    assert not found.has_beginning
    assert not found.has_end


def test_the_beginning_of_a_large_document_where_nothing_is_marked() -> None:
    found = highlight_document("- one item\n" * 20_000)
    assert whole(found).startswith("- one item\n")
    assert found.has_beginning
    assert not found.has_end


def test_what_is_cut_out_of_a_table_or_a_fence_is_still_one() -> None:
    header = "| Plan | Price |\n| --- | --- |\n"
    table = header + "".join(f"| Plan number {row} of many | {row} USD |\n" for row in range(5_000))
    found = highlight_document(table, snippet="| Plan number 3000 of many | 3000 USD |")
    assert whole(found).startswith(f"{header}| Plan number ")
    assert not found.has_beginning
    code = "~~~~sql\n" + "".join(f"select {row} from the table of numbers;\n\n" for row in range(5_000)) + "~~~~\n"
    assert whole(highlight_document(code, snippet="select 3000 from the table of numbers")).startswith(
        "~~~~sql\nselect "
    )


def test_a_single_line_without_an_end() -> None:
    text = "word " * 100_000
    window = excerpt_around(text, (300_000, 300_004))
    assert (window.start, window.end) == (280_000, 340_000)


@pytest.mark.parametrize(
    "piece", ["](", "[1, ", "\\", "> ", "1. ", "`", "|", "&#", "a b c d e ", "[x](y z ", "``` ", "\n"]
)
def test_nobody_waits_long_for_a_hostile_text(piece: str) -> None:
    text = piece * (400_000 // len(piece))
    begun = time.process_time()
    highlight_document(text, snippet=text[:320] + " ...", section=text[:1_000], answer=text)
    assert time.process_time() - begun < 5
