"""Headings, paragraphs, tables and pages of a PDF, without what each page repeats."""

import pytest
from reportlab.pdfgen.canvas import Canvas

from knowledge.errors import DocumentUnreadable
from knowledge.ingestion.chunking import split_document
from knowledge.loaders import LoadedText, load
from tests.knowledge import files


@pytest.fixture(scope="module")
def handbook() -> LoadedText:
    """Three pages: prose over a page's end, a list, and a table over another's."""
    rows = [["Plan", "Price"], *([f"Plan {number}", f"{number} USD"] for number in range(60))]
    return load(
        files.pdf(
            [
                files.heading("Refunds"),
                files.paragraph("An annual plan is refunded in full within 30 days. " * 12),
                files.heading("Annual plans", 2),
                files.paragraph("Seats that were removed are refunded for the rest of the year."),
                files.paragraph("• Open the settings."),
                files.paragraph("• Write to us: "),
                files.new_page(),
                files.heading("Prices", 2),
                files.paragraph("Prices are without tax."),
                files.ruled(rows),
            ],
            foot="Confidential ",
        ),
        "handbook.pdf",
    )


def test_headings_of_a_pdf_are_told_by_their_size_and_lines_become_paragraphs(handbook: LoadedText) -> None:
    parts = handbook.markdown.split("\n\n")
    assert handbook.title == "Refunds"
    assert parts[0] == "# Refunds"
    assert parts[1] == ("An annual plan is refunded in full within 30 days. " * 12).strip()
    assert parts[2] == "## Annual plans"
    assert parts[4] == "- Open the settings.\n- Write to us:"


def test_running_titles_and_page_numbers_are_dropped(handbook: LoadedText) -> None:
    assert "Nimbrel handbook" not in handbook.markdown
    assert "Confidential" not in handbook.markdown
    assert "Page" not in handbook.markdown


def test_a_passage_knows_its_page(handbook: LoadedText) -> None:
    chunks = split_document(handbook)
    found = {chunk.text.split("\n")[0]: chunk.page for chunk in chunks}
    assert chunks[0].page == 1
    assert found["Seats that were removed are refunded for the rest of the year."] == 1
    assert found["Prices are without tax."] == 2
    assert [chunk.page for chunk in chunks if "Plan 59" in chunk.text] == [3]
    assert [chunk.page for chunk in chunks] == sorted(chunk.page or 0 for chunk in chunks)


def test_a_ruled_table_stays_one_and_its_header_is_repeated_on_the_next_page(handbook: LoadedText) -> None:
    tables = [part for part in handbook.markdown.split("\n\n") if part.startswith("|")]
    assert len(tables) == 2
    assert all(table.startswith("| Plan | Price |\n| --- | --- |\n") for table in tables)
    rows = [row for table in tables for row in table.split("\n")[2:]]
    assert rows == [f"| Plan {number} | {number} USD |" for number in range(60)]


def test_cells_that_are_one_in_a_pdf_are_not_torn() -> None:
    def draw(canvas: Canvas) -> None:
        for y in (700, 670, 640):
            canvas.line(100, y, 400, y)
        for x in (100, 400):
            canvas.line(x, 700, x, 640)
        canvas.line(250, 670, 250, 640)
        canvas.drawString(180, 680, "Both of the columns together")
        canvas.drawString(110, 650, "left")
        canvas.drawString(260, 650, "right")

    assert load(files.drawn(draw), "a.pdf").markdown == "Both of the columns together\n\nleft right"


def test_hyphens_at_line_ends_are_joined_and_a_paragraph_goes_on_over_the_page() -> None:
    pages = iter((("The reimburse-", "ment is paid to the card that the"), ("purchase was made with. It takes days.",)))

    def draw(canvas: Canvas) -> None:
        for number, line in enumerate(next(pages)):
            canvas.drawString(72, 600 - 14 * number, line)

    text = load(files.drawn(draw, pages=2), "a.pdf")
    assert text.markdown == ("The reimbursement is paid to the card that the purchase was made with. It takes days.")
    assert [chunk.page for chunk in split_document(text)] == [1]


def test_lines_that_look_like_markup_stay_text_in_a_pdf() -> None:
    text = load(files.drawn(lambda canvas: canvas.drawString(72, 600, "# 4711 is the number of the form")), "a.pdf")
    assert text.markdown == "\\# 4711 is the number of the form"
    assert split_document(text)[0].section == ""


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (files.pdf([files.paragraph("Secret.")], password="open sesame"), "encrypted; save it without a password"),
        (
            files.drawn(lambda canvas: canvas.rect(100, 100, 300, 300, fill=1)),
            "no text; run it through text recognition",
        ),
        (b"%PDF-1.7\nnothing", "damaged or not a PDF"),
    ],
)
def test_a_pdf_without_text_to_read_is_refused_with_what_to_do(data: bytes, reason: str) -> None:
    with pytest.raises(DocumentUnreadable, match=reason):
        load(data, "a.pdf")
