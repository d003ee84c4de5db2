"""The ruled tables of a PDF page: the drawn lines form a grid, and each character lies in one of its cells."""

import ctypes
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pypdfium2
import pypdfium2.raw as pdfium

from knowledge.loaders.pdf.layout import TableLayout
from knowledge.loaders.pdf.lines import SPACES, PdfLine, TextPage

# A box around text or a rule below a heading is not a table. Drawings have thousands of lines.
_FEWEST_LINES, _MOST_LINES = 4, 3_000
# Two lines this close to one another meet, and a stroke this thin is a line.
_NEAR = 2.5
_FEWEST_ROWS = _FEWEST_COLUMNS = 2


@dataclass(frozen=True)
class _Rule:
    """A horizontal (`across`) or vertical line, with its position on one axis and its extent on the other."""

    across: bool
    place: float
    start: float
    end: float

    def meets_rule(self, other: "_Rule") -> bool:
        return (
            self.across != other.across
            and other.start - _NEAR <= self.place <= other.end + _NEAR
            and self.start - _NEAR <= other.place <= self.end + _NEAR
        )


def tables_of_page(page: pypdfium2.PdfPage, text: TextPage, lines: Sequence[PdfLine]) -> list[TableLayout]:
    """Return the tables with at least two rows and two columns, from the top of the page."""
    rules = _rules_of_page(page)
    if not _FEWEST_LINES <= len(rules) <= _MOST_LINES:
        return []
    grids = [grid for group in _connected_rules(rules) if (grid := _make_grid(group))]
    return sorted((grid.to_table() for grid in _fill_grids(grids, text, lines)), key=lambda table: -table.top)


def _rules_of_page(page: pypdfium2.PdfPage) -> set[_Rule]:
    rules: set[_Rule] = set()
    for path in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_PATH], max_depth=3):
        rules.update(_rules_of(path))
        if len(rules) > _MOST_LINES:
            break
    return rules


def _rules_of(path: pypdfium2.PdfObject) -> Iterator[_Rule]:
    left, bottom, right, top = path.get_bounds()
    if top - bottom <= _NEAR or right - left <= _NEAR:
        yield from _straight_rule((left, (bottom + top) / 2), (right, (bottom + top) / 2))
        yield from _straight_rule(((left + right) / 2, bottom), ((left + right) / 2, top))
        return
    matrix = path.get_matrix()
    start = here = (0.0, 0.0)
    for index in range(min(pdfium.FPDFPath_CountSegments(path), _MOST_LINES)):
        segment = pdfium.FPDFPath_GetPathSegment(path, index)
        x, y = ctypes.c_float(), ctypes.c_float()
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        there = matrix.on_point(x.value, y.value)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            start = there
        elif kind == pdfium.FPDF_SEGMENT_LINETO:
            yield from _straight_rule(here, there)
        here = there
        if pdfium.FPDFPathSegment_GetClose(segment):
            yield from _straight_rule(here, start)


def _straight_rule(here: tuple[float, float], there: tuple[float, float]) -> Iterator[_Rule]:
    (x0, x1), (y0, y1) = sorted((here[0], there[0])), sorted((here[1], there[1]))
    if y1 - y0 <= _NEAR < x1 - x0:
        yield _Rule(True, round((y0 + y1) / 2, 1), round(x0, 1), round(x1, 1))
    elif x1 - x0 <= _NEAR < y1 - y0:
        yield _Rule(False, round((x0 + x1) / 2, 1), round(y0, 1), round(y1, 1))


def _connected_rules(rules: set[_Rule]) -> Iterator[list[_Rule]]:
    """Yield the groups of rules that meet directly or through others."""
    left = sorted(rules, key=lambda rule: (-rule.place, rule.start))
    while left:
        group = [left.pop()]
        for rule in group:
            met = [other for other in left if rule.meets_rule(other)]
            group += met
            gone = set(met)
            left = [other for other in left if other not in gone]
        yield group


class _Grid:
    """The rows and columns between rules; two cells without a rule between them are merged."""

    def __init__(self, across: list[_Rule], up: list[_Rule]) -> None:
        self._across, self._up = across, up
        self.xs = _distinct_places(
            [rule.place for rule in up] + [end for rule in across for end in (rule.start, rule.end)]
        )
        self.ys = _distinct_places(
            [rule.place for rule in across] + [end for rule in up for end in (rule.start, rule.end)]
        )
        self._texts: dict[tuple[int, int], str] = {}
        self._anchors: dict[tuple[int, int], tuple[int, int]] = {}

    def cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        """Return row (counted upwards) and column of the cell that contains a point, or None outside the grid."""
        row, column = bisect_right(self.ys, y) - 1, bisect_right(self.xs, x) - 1
        if not (0 <= row < len(self.ys) - 1 and 0 <= column < len(self.xs) - 1):
            return None
        if (row, column) not in self._anchors:
            self._anchors[row, column] = self._anchor_of(row, column)
        return self._anchors[row, column]

    def add_char(self, cell: tuple[int, int], char: str) -> None:
        self._texts[cell] = self._texts.get(cell, "") + char

    def to_table(self) -> TableLayout:
        """Return the texts of the cells as a table, from the top."""
        columns = range(len(self.xs) - 1)
        rows = [
            [" ".join(self._texts.get((row, column), "").split()) for column in columns]
            for row in reversed(range(len(self.ys) - 1))
        ]
        return TableLayout(self.xs[0], self.ys[0], self.xs[-1], self.ys[-1], rows)

    def _anchor_of(self, row: int, column: int) -> tuple[int, int]:
        """Return the upper left one of the cells merged with this one."""
        middle = (self.ys[row] + self.ys[row + 1]) / 2
        while column and not _is_drawn(self._up, self.xs[column], middle):
            column -= 1
        middle = (self.xs[column] + self.xs[column + 1]) / 2
        while row < len(self.ys) - 2 and not _is_drawn(self._across, self.ys[row + 1], middle):
            row += 1
        return row, column


def _distinct_places(places: list[float]) -> list[float]:
    """Sort the positions and drop near duplicates."""
    kept: list[float] = []
    for place in sorted(places):
        if not kept or place - kept[-1] > _NEAR:
            kept.append(place)
    return kept


def _is_drawn(rules: Sequence[_Rule], place: float, middle: float) -> bool:
    return any(abs(rule.place - place) <= _NEAR and rule.start <= middle <= rule.end for rule in rules)


def _make_grid(group: list[_Rule]) -> _Grid | None:
    grid = _Grid([rule for rule in group if rule.across], [rule for rule in group if not rule.across])
    return grid if len(grid.ys) > _FEWEST_ROWS and len(grid.xs) > _FEWEST_COLUMNS else None


def _fill_grids(grids: list[_Grid], text: TextPage, lines: Sequence[PdfLine]) -> list[_Grid]:
    """Fill the grids with the page's characters, a space into the cell before it; return those that hold text."""
    written: list[_Grid] = []
    for line in lines:
        beside = [grid for grid in grids if grid.ys[0] < line.top and line.bottom < grid.ys[-1]]
        here: tuple[_Grid, tuple[int, int]] | None = None
        for index in line.chars if beside else ():
            code = pdfium.FPDFText_GetUnicode(text, index)
            if code not in SPACES:
                x, y = _char_middle(text, index)
                here = next(((grid, cell) for grid in beside if (cell := grid.cell_at(x, y))), None)
            if here:
                here[0].add_char(here[1], chr(code))
                written += [here[0]] if here[0] not in written else []
        if here:
            here[0].add_char(here[1], " ")
    return written


def _char_middle(text: TextPage, index: int) -> tuple[float, float]:
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    pdfium.FPDFText_GetCharBox(text, index, left, right, bottom, top)
    return (left.value + right.value) / 2, (bottom.value + top.value) / 2
