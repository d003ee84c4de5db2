"""Tables survive as tables, whether separated values or sheets."""

import datetime

import pytest

from knowledge.errors import DocumentUnreadable
from knowledge.ingestion.chunking import MAX_CHARS, split_document
from knowledge.loaders import LoadedText, load
from tests.knowledge import files
from tests.knowledge.loaders.parts import PLANS, PLANS_TABLE, sections


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_table_is_read_whatever_separates_its_cells(separator: str) -> None:
    data = "\r\n".join(separator.join(row) for row in PLANS).encode("utf-8-sig")
    assert load(data, "plans.csv") == LoadedText("Plans", PLANS_TABLE)


def test_cells_keep_their_separators_line_breaks_and_bars() -> None:
    text = load(b'Name,Note\n"A, B","one\ntwo | three"\n', "a.csv")
    assert text.markdown == "| Name | Note |\n| --- | --- |\n| A, B | one two \\| three |"


def test_a_long_table_is_cut_between_rows_under_its_header() -> None:
    rows = "\n".join(f"Plan {number},{number} USD,{'note ' * 10}" for number in range(200))
    chunks = split_document(load(f"Plan,Price,Note\n{rows}\n".encode(), "plans.csv"))
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
