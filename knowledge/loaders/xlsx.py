"""The loader of Excel workbooks: a heading for each sheet with its tables below, values as the sheet displays them."""

import datetime
import re
from collections.abc import Iterator
from typing import Any

from openpyxl import load_workbook

from knowledge.loaders import jsonl, markdown_table, zip_guard
from knowledge.loaders.text import LoadedText, title_from_name
from knowledge.text.headings import shortened

# A currency in a number format, before or after the number: $, "EUR", [$€-407].
_CURRENCY = re.compile(r'\[\$(?P<local>[^\[\]-]++)[^\[\]]*+\]|"(?P<quoted>[^"]+)"|(?P<bare>[$€£¥])')
_DIGITS = re.compile(r"[0#]|$")
_DECIMALS = re.compile(r"[0#]\.(0+)")


def load(data: bytes, name: str) -> LoadedText:
    """Load a workbook titled after its name, formulas by their last stored values, without hidden sheets."""
    workbook = load_workbook(zip_guard.open_checked(data, ".xlsx"), read_only=True, data_only=True, keep_links=False)
    parts = []
    for sheet in workbook.worksheets:
        if sheet.sheet_state != "visible":
            continue
        # The dimensions that a workbook declares for a sheet may be too large or too small.
        sheet.reset_dimensions()
        rows = list(_sheet_rows(sheet))
        content = jsonl.of_table(rows)
        if content is None:
            content = markdown_table.to_markdown(rows)
        if content:
            parts.append(f"## {shortened(' '.join(sheet.title.split()))}\n\n{content}")
    return LoadedText(title_from_name(name), "\n\n".join(parts))


def _sheet_rows(sheet: Any) -> Iterator[list[str]]:  # noqa: ANN401 - openpyxl has no types
    """Yield the rows as text, consecutive empty ones as a single row."""
    empty = True
    for row in sheet.rows:
        cells = [_display_value(cell.value, cell.number_format or "") for cell in row] if row else []
        while cells and not cells[-1]:
            cells.pop()
        if cells or not empty:
            yield cells
        empty = not cells


def _display_value(value: object, number_format: str) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case datetime.datetime() if value.time() == datetime.time():
            return value.date().isoformat()
        case datetime.datetime():
            return value.isoformat(sep=" ", timespec="minutes")
        case int() | float():
            return _display_number(value, number_format.split(";")[0])
        case _:
            return str(value).strip()


def _display_number(value: float, number_format: str) -> str:
    percent = "%" in number_format
    decimals = _DECIMALS.search(number_format)
    amount = value * 100 if percent else value
    # A cell holds fifteen digits; more would only show binary rounding errors.
    shown = f"{amount:.{len(decimals[1])}f}" if decimals else f"{amount:.15g}"
    if percent:
        return f"{shown}%"
    currency = _CURRENCY.search(number_format)
    if not currency:
        return shown
    unit = next(filter(None, currency.groups())).strip()
    in_front = currency.start() < _DIGITS.search(number_format).start()  # type: ignore[union-attr]
    return f"{unit}{shown}" if in_front and len(unit) == 1 else f"{unit} {shown}" if in_front else f"{shown} {unit}"
