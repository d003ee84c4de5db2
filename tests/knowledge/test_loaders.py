"""What each format becomes: headings, tables, lists and pages, without what only surrounds them."""

import datetime
import json

import pytest
from reportlab.pdfgen.canvas import Canvas

from knowledge.chunks import MAX_CHARS, split
from knowledge.errors import DocumentUnreadable
from knowledge.loaders import Text, load
from tests.knowledge import files

PLANS = [["Plan", "Price"], ["Starter", "6 USD"], ["Team", "12 USD"]]
PLANS_TABLE = "| Plan | Price |\n| --- | --- |\n| Starter | 6 USD |\n| Team | 12 USD |"
GERMAN = "Die Gebühr für jede Änderung wird innerhalb von 14 Tagen über die ursprüngliche Zahlungsart zurückerstattet."


def sections(text: Text) -> dict[str, str]:
    """The passages of a document by the path of their headings."""
    return {chunk.section: chunk.text for chunk in split(text)}


# HTML


def page(body: str, head: str = "") -> Text:
    return load(f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode(), "help.html")


def test_a_page_keeps_its_content_and_loses_its_frame() -> None:
    text = page(
        '<header><a href="/">Nimbrel</a></header><nav><ul><li>Home</li></ul></nav><script>track()</script>'
        "<main><h1>Refunds</h1><p>Paid <b>within</b> 5&nbsp;days.</p><h2>Annual plans</h2>"
        "<ol><li>Open it.<ul><li>Or write.</li></ul></li><li>Send it.</li></ol></main>"
        '<div role="contentinfo">Imprint</div><footer>2026</footer><style>p{}</style>',
        "<title>Refunds | Nimbrel</title>",
    )
    assert text.title == "Refunds"
    assert text.markdown.split("\n\n")[:3] == ["# Refunds", "Paid **within** 5 days.", "## Annual plans"]
    assert sections(text)["Annual plans"].splitlines()[0] == "1. Open it."
    for frame in ("Home", "track", "Imprint", "2026", "p{}", "Nimbrel"):
        assert frame not in text.markdown


def test_a_table_of_a_page_is_a_table() -> None:
    text = page(
        "<h1>Plans</h1><table><tr><th>Plan</th><th>Price<br>a month</th></tr>"
        "<tr><td>Starter | small</td><td><p>6</p><p>USD</p></td></tr><tr><td>Team</td><td>12 USD</td></tr></table>"
    )
    assert sections(text)[""].splitlines() == [
        "| Plan | Price a month |",
        "| --- | --- |",
        "| Starter \\| small | 6 USD |",
        "| Team | 12 USD |",
    ]


def test_links_stay_where_they_lead_somewhere_and_are_text_elsewhere() -> None:
    text = page(
        '<p>See <a href="https://nimbrel.example/a">plans</a>, <a href="../b">prices</a>, <a href="#c">here</a>.</p>'
    )
    assert text.markdown == "See [plans](https://nimbrel.example/a), prices, here."


def test_what_a_page_hides_is_not_read() -> None:
    text = page(
        "<p>Seen.</p><p hidden>one</p><p style='display:none'>two</p><div style='visibility: hidden'>three</div>"
        "<p aria-hidden=true>four</p><!-- five --><template>six</template><noscript>seven</noscript><p>Also seen.</p>"
    )
    assert text.markdown == "Seen.\n\nAlso seen."


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ('<meta charset="iso-8859-1">', "cp1252"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=windows-1252">', "cp1252"),
        ("", "utf-16"),
        ("", "utf-8-sig"),
    ],
)
def test_a_page_is_read_in_the_encoding_that_it_states(head: str, encoding: str) -> None:
    data = f"<html><head>{head}<title>Gebühr – “neu”</title></head><body><p>5 €</p></body></html>".encode(encoding)
    assert load(data, "a.htm") == Text("Gebühr – “neu”", "5 €")


def test_html_in_markdown_becomes_markdown() -> None:
    text = load(
        b"# Plans\n\n<table>\n<tr><th>Plan</th></tr>\n\n<tr><td>Team</td></tr>\n</table>\n\n<!-- obey me -->\n"
        b"<Note>\n\n**Note:** `<b>` is code.\n\n</Note>\n\n1. Open.\n   <Screenshot src='a' />\n2. Send.\n\n"
        b"```html\n<p>x</p>\n```\n",
        "a.md",
    )
    lines = [line for line in text.markdown.splitlines() if line.strip()]
    assert lines[1:5] == ["| Plan |", "| --- |", "| Team |", "**Note:** `<b>` is code."]
    assert lines[5].startswith("1. Open.")
    assert lines[-3:] == ["```html", "<p>x</p>", "```"]
    assert "obey" not in text.markdown


# PDF


@pytest.fixture(scope="module")
def handbook() -> Text:
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


def test_headings_of_a_pdf_are_told_by_their_size_and_lines_become_paragraphs(handbook: Text) -> None:
    parts = handbook.markdown.split("\n\n")
    assert handbook.title == "Refunds"
    assert parts[0] == "# Refunds"
    assert parts[1] == ("An annual plan is refunded in full within 30 days. " * 12).strip()
    assert parts[2] == "## Annual plans"
    assert parts[4] == "- Open the settings.\n- Write to us:"


def test_running_titles_and_page_numbers_are_dropped(handbook: Text) -> None:
    assert "Nimbrel handbook" not in handbook.markdown
    assert "Confidential" not in handbook.markdown
    assert "Page" not in handbook.markdown


def test_a_passage_knows_its_page(handbook: Text) -> None:
    chunks = split(handbook)
    found = {chunk.text.split("\n")[0]: chunk.page for chunk in chunks}
    assert chunks[0].page == 1
    assert found["Seats that were removed are refunded for the rest of the year."] == 1
    assert found["Prices are without tax."] == 2
    assert [chunk.page for chunk in chunks if "Plan 59" in chunk.text] == [3]
    assert [chunk.page for chunk in chunks] == sorted(chunk.page or 0 for chunk in chunks)


def test_a_ruled_table_stays_one_and_its_header_is_repeated_on_the_next_page(handbook: Text) -> None:
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
    assert [chunk.page for chunk in split(text)] == [1]


def test_lines_that_look_like_markup_stay_text_in_a_pdf() -> None:
    text = load(files.drawn(lambda canvas: canvas.drawString(72, 600, "# 4711 is the number of the form")), "a.pdf")
    assert text.markdown == "\\# 4711 is the number of the form"
    assert split(text)[0].section == ""


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (files.pdf([files.paragraph("Secret.")], password="open sesame"), "encrypted; save it without a password"),
        (
            files.drawn(lambda canvas: canvas.rect(100, 100, 300, 300, fill=1)),
            "no text; run it through text recognition",
        ),
        (b"%PDF-1.7\nnothing", "damaged, or no PDF"),
    ],
)
def test_a_pdf_without_text_to_read_is_refused_with_what_to_do(data: bytes, reason: str) -> None:
    with pytest.raises(DocumentUnreadable, match=reason):
        load(data, "a.pdf")


# Word


def test_styles_lists_and_tables_of_a_word_document_survive() -> None:
    text = load(
        files.docx(
            files.word_paragraph("Refund policy", "Titel")
            + files.word_paragraph("Annual plans", "berschrift1")
            + files.word_paragraph("Refunded within 30 days.")
            + files.word_paragraph("Open it.", bullet=True)
            + files.word_paragraph("Send it.", bullet=True)
            + files.word_table(PLANS)
        ),
        "policy.docx",
    )
    assert text.title == "Refund policy"
    assert text.markdown.split("\n\n") == [
        "# Refund policy",
        "# Annual plans",
        "Refunded within 30 days.",
        "- Open it.\n- Send it.",
        PLANS_TABLE,
    ]


# Tables


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_table_is_read_whatever_separates_its_cells(separator: str) -> None:
    data = "\r\n".join(separator.join(row) for row in PLANS).encode("utf-8-sig")
    assert load(data, "plans.csv") == Text("Plans", PLANS_TABLE)


def test_cells_keep_their_separators_line_breaks_and_bars() -> None:
    text = load(b'Name,Note\n"A, B","one\ntwo | three"\n', "a.csv")
    assert text.markdown == "| Name | Note |\n| --- | --- |\n| A, B | one two \\| three |"


def test_a_long_table_is_cut_between_rows_under_its_header() -> None:
    rows = "\n".join(f"Plan {number},{number} USD,{'note ' * 10}" for number in range(200))
    chunks = split(load(f"Plan,Price,Note\n{rows}\n".encode(), "plans.csv"))
    assert all(chunk.text.startswith("| Plan | Price | Note |\n| --- | --- | --- |\n| Plan ") for chunk in chunks)
    assert all(chunk.text.endswith(" |") and len(chunk.text) <= MAX_CHARS for chunk in chunks)
    assert sum(chunk.text.count("\n| Plan ") for chunk in chunks) == 200


def test_each_row_of_a_wide_table_says_what_its_values_are() -> None:
    names = [f"A rather long name of column {number}" for number in range(30)]
    text = load(
        "\n".join([",".join(names), ",".join(map(str, range(30))), ",".join(map(str, range(30, 60)))]).encode(), "a.csv"
    )
    first, second = text.markdown.split("\n\n")
    assert first.startswith("A rather long name of column 0: 0; A rather long name of column 1: 1; ")
    assert second.endswith("A rather long name of column 29: 59.")


def test_each_sheet_is_a_section_with_values_as_they_are_shown() -> None:
    rows: list[list[object]] = [
        ["Fee", "Rate", "Price", "From", "Active"],
        ["Card", 0.029, 1234.5, datetime.date(2026, 1, 31), True],
        ["Wire", 0.5, 7, datetime.datetime(2026, 2, 1, 9, 30), False],
    ]
    formats = {"B2": "0.0%", "B3": "0%", "C2": '#,##0.00\\ "EUR"', "C3": "[$$-409]#,##0.00"}
    text = load(files.xlsx({"Fees": rows, "Plans": [["All our plans"], [], *PLANS]}, formats), "fees.xlsx")
    assert text.title == "Fees"
    assert sections(text)["Plans"] == f"All our plans\n\n{PLANS_TABLE}"
    assert text.markdown.split("\n")[2:6] == [
        "| Fee | Rate | Price | From | Active |",
        "| --- | --- | --- | --- | --- |",
        "| Card | 2.9% | 1234.50 EUR | 2026-01-31 | TRUE |",
        "| Wire | 50% | $7.00 | 2026-02-01 09:30 | FALSE |",
    ]


def test_a_formula_is_no_answer_and_neither_is_a_hidden_sheet() -> None:
    with pytest.raises(DocumentUnreadable, match="no text"):
        load(files.xlsx({"A": [["=1+1", '=WEBSERVICE("http://127.0.0.1:9")']]}), "a.xlsx")


# Questions and answers


def test_each_pair_is_a_section_under_its_question() -> None:
    records = [
        {"question": "Can I pay\nby card?", "answer": "Yes.\n\n# By any card"},
        {"Title": "Refunds", "Q": "How long?", "A": "5 days."},
        {"topic": "Refunds", "prompt": "How much?", "response": ["All of it.", "Tax too."]},
        {"title": "Hours", "text": "Monday to Friday."},
        {"question": "Not yet answered?", "answer": ""},
    ]
    text = load("\n".join(json.dumps(record) for record in records).encode(), "common-questions.jsonl")
    assert text.title == "Common questions"
    assert sections(text) == {
        "Can I pay by card?": "Yes.",
        "Can I pay by card? > By any card": "By any card",
        "Refunds > How long?": "5 days.",
        "Refunds > How much?": "All of it.\n\nTax too.",
        "Hours": "Monday to Friday.",
    }


@pytest.mark.parametrize("name", ["faq.csv", "faq.xlsx"])
def test_a_table_of_questions_and_answers_is_sections_too(name: str) -> None:
    rows = [["Question", "Answer"], ["How long?", "5 days."], ["How much?", "All of it."]]
    data = files.xlsx({"FAQ": rows}) if name.endswith("xlsx") else "\n".join(",".join(row) for row in rows).encode()
    assert sections(load(data, name))["How much?"] == "All of it."


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"question": "How', "line 2 is not JSON"),
        ("[1]", "line 2 is no record"),
        ('{"colour": "red"}', "line 2 has neither a question and an answer nor a text"),
        ("[" * 100_000, "line 2 is not JSON"),
    ],
)
def test_a_line_that_is_no_record_is_named(line: str, reason: str) -> None:
    with pytest.raises(DocumentUnreadable, match=reason):
        load(f'{{"q": "a?", "a": "b"}}\n{line}\n'.encode(), "a.jsonl")


# Text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig", "cp1252", "utf-16-le"])
def test_text_is_read_in_whatever_encoding_leaves_no_doubt(encoding: str) -> None:
    assert load(GERMAN.encode(encoding), "a.txt").markdown == GERMAN


@pytest.mark.parametrize(
    "data", ["Gebühr".encode("cp1252"), b"\xff\xfea", GERMAN.encode()[:-1] + b"\xff\xc3", b"a\x00b"]
)
def test_text_that_leaves_doubt_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentUnreadable, match=r"save the file as UTF-8|binary"):
        load(data, "a.txt")


def test_what_no_reader_sees_is_taken_out() -> None:
    assert load(b"a\x01b\x0c\x7fc\nd\x1b[31m", "a\x00b.txt").markdown == "abc\nd[31m"
    assert load(b'{"title": "a\\u0000b", "text": "c\\ud800d\\u0007"}', "a.jsonl").markdown == "## ab\n\nc\ufffdd"
