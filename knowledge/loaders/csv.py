"""The loader of CSV, whose separator is detected, and TSV."""

import csv
from collections import Counter

from knowledge.errors import DocumentUnreadable
from knowledge.loaders import jsonl, markdown_table
from knowledge.loaders.text import LoadedText, decode_text, title_from_name

_SEPARATORS = ",;\t|"
_SAMPLE_CHARS = 20_000


def load(data: bytes, name: str) -> LoadedText:
    """Load a table, or a section for each pair if its columns are questions and answers; title it after its name."""
    text = decode_text(data)
    # A cell may be as long as the file; the total length is checked elsewhere.
    # The limit applies to the whole process, so it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    try:
        rows = list(csv.reader(text.splitlines(keepends=True), delimiter=_detect_separator(text), strict=False))
    except csv.Error as error:
        raise DocumentUnreadable(f"not a table of separated values: {error}") from error
    found = jsonl.of_table(rows)
    return LoadedText(title_from_name(name), found if found is not None else markdown_table.to_markdown(rows))


def _detect_separator(text: str) -> str:
    """Choose the separator that splits most lines into the same number of cells, and into the most cells."""
    lines = text[:_SAMPLE_CHARS].splitlines()
    return max(_SEPARATORS, key=lambda separator: _score_separator(lines, separator))


def _score_separator(lines: list[str], separator: str) -> tuple[int, int]:
    counts = Counter(len(row) for row in csv.reader(lines, delimiter=separator) if len(row) > 1)
    cells, agreeing = max(counts.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    return agreeing, cells
