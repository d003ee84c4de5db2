"""The lines of a PDF page as pdfium finds them, with their text, position and font size."""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

import pypdfium2.raw as pdfium

# The character that pdfium returns for a hyphen at the end of a line.
HYPHEN = "\x02"
LINE_ENDS = frozenset((0x0D, 0x0A))
SPACES = frozenset((0x20, 0x09, 0xA0))
_SAMPLES = 5

# A handle of pdfium for the characters of a page.
TextPage = Any

_BOLD = (b"bold", b"black", b"heavy")
_FONT_NAME_BYTES = 128


@dataclass(frozen=True)
class PdfLine:
    """A line of text, in points upwards from the foot of the page; `chars` are its indexes in the page's characters."""

    text: str
    chars: range
    left: float
    right: float
    bottom: float
    top: float
    size: float
    bold: bool = False


def lines_of_page(text: TextPage) -> Iterator[PdfLine]:
    """Yield the lines in the order in which the page draws them."""
    line: list[tuple[int, int]] = []
    for index in range(pdfium.FPDFText_CountChars(text)):
        code = pdfium.FPDFText_GetUnicode(text, index)
        if code not in LINE_ENDS:
            line.append((index, code))
        elif line:
            yield from _make_line(text, line)
            line = []
    yield from _make_line(text, line)


def _make_line(text: TextPage, chars: list[tuple[int, int]]) -> Iterator[PdfLine]:
    drawn = [index for index, code in chars if code not in SPACES and code != 0]
    if not drawn:
        return
    sampled = drawn[:: max(1, len(drawn) // _SAMPLES)]
    boxes = [_char_box(text, index) for index in (*sampled, drawn[-1])]
    yield PdfLine(
        "".join(chr(code) for _, code in chars).strip(),
        chars=range(drawn[0], drawn[-1] + 1),
        left=boxes[0].left,
        right=boxes[-1].right,
        bottom=min(box.bottom for box in boxes),
        top=max(box.top for box in boxes),
        size=round(median(_font_size(text, index) for index in sampled), 1),
        bold=_is_bold(text, sampled[0]),
    )


def _char_box(text: TextPage, index: int) -> pdfium.FS_RECTF:
    box = pdfium.FS_RECTF()
    pdfium.FPDFText_GetLooseCharBox(text, index, box)
    return box


def _font_size(text: TextPage, index: int) -> float:
    """Return the visible font size: a font may be set at size 1 and scaled up by the page."""
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(text, index, matrix)
    scale = (matrix.c**2 + matrix.d**2) ** 0.5
    return float(pdfium.FPDFText_GetFontSize(text, index) * (scale or 1.0))


def _is_bold(text: TextPage, index: int) -> bool:
    """Tell by the font's name whether it is bold: few files state its weight."""
    name = ctypes.create_string_buffer(_FONT_NAME_BYTES)
    pdfium.FPDFText_GetFontInfo(text, index, name, _FONT_NAME_BYTES, ctypes.c_int())
    return any(word in name.value.lower() for word in _BOLD)
