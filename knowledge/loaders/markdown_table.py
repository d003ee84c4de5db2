"""The conversion of rows of cells to Markdown tables, for every format that has rows."""

from collections.abc import Iterable, Iterator, Sequence

Row = Sequence[str]

# A header beyond this would fill the passages that repeat it.
_MAX_HEADER_CHARS = 400


def to_markdown(rows: Iterable[Row]) -> str:
    """Make a table of each run of rows between empty ones; its first row is the header, a lone cell above a caption."""
    return "\n\n".join(part for block in _blocks(rows) for part in _table(block))


def _blocks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    block: list[Row] = []
    for row in rows:
        if any(cell.strip() for cell in row):
            block.append(row)
        elif block:
            yield block
            block = []
    if block:
        yield block


def _table(rows: list[Row]) -> Iterator[str]:
    used = [column for column in range(max(map(len, rows))) if any(_cell(row, column) for row in rows)]
    cells = [[_cell(row, column) for column in used] for row in rows]
    while cells and len(filled := [cell for cell in cells[0] if cell]) == 1 < len(used):
        yield filled[0]
        del cells[0]
    if not cells:
        return
    if len(cells) == 1 or len(used) == 1:
        yield "\n\n".join(" ".join(filter(None, row)) for row in cells)
    elif len(_line(cells[0])) > _MAX_HEADER_CHARS:
        yield from (_sentence(cells[0], row) for row in cells[1:])
    else:
        lines = [_line(cells[0]), _line(["---"] * len(used)), *map(_line, cells[1:])]
        yield "\n".join(lines)


def _cell(row: Row, column: int) -> str:
    return " ".join(row[column].split()) if column < len(row) else ""


def _line(cells: Row) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _sentence(names: Row, cells: Row) -> str:
    """Write a row of a wide table as a sentence, each value with the name of its column."""
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=True) if cell) + "."
