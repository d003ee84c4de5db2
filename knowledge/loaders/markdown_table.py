"""The conversion of rows of cells to Markdown tables, for every format that has rows."""

from collections.abc import Iterable, Iterator, Sequence

Row = Sequence[str]

# A header beyond this would fill the passages that repeat it.
_MAX_HEADER_CHARS = 400


def to_markdown(rows: Iterable[Row]) -> str:
    """Make a table of each run of rows between empty ones; its first row is the header, a lone cell above a caption."""
    return "\n\n".join(part for block in _blocks_of_rows(rows) for part in _convert_block(block))


def _blocks_of_rows(rows: Iterable[Row]) -> Iterator[list[Row]]:
    block: list[Row] = []
    for row in rows:
        if any(cell.strip() for cell in row):
            block.append(row)
        elif block:
            yield block
            block = []
    if block:
        yield block


def _convert_block(rows: list[Row]) -> Iterator[str]:
    used = [column for column in range(max(map(len, rows))) if any(_cell_text(row, column) for row in rows)]
    cells = [[_cell_text(row, column) for column in used] for row in rows]
    while cells and len(filled := [cell for cell in cells[0] if cell]) == 1 < len(used):
        yield filled[0]
        del cells[0]
    if not cells:
        return
    if len(cells) == 1 or len(used) == 1:
        yield "\n\n".join(" ".join(filter(None, row)) for row in cells)
    elif len(_table_line(cells[0])) > _MAX_HEADER_CHARS:
        yield from (_row_sentence(cells[0], row) for row in cells[1:])
    else:
        lines = [_table_line(cells[0]), _table_line(["---"] * len(used)), *map(_table_line, cells[1:])]
        yield "\n".join(lines)


def _cell_text(row: Row, column: int) -> str:
    return " ".join(row[column].split()) if column < len(row) else ""


def _table_line(cells: Row) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _row_sentence(names: Row, cells: Row) -> str:
    """Write a row of a wide table as a sentence, each value with the name of its column."""
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=True) if cell) + "."
