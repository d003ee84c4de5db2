"""The reconstruction of headings, list items and paragraphs from a PDF's lines, without running headers and footers."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from knowledge.loaders import markdown_table
from knowledge.loaders.pdf.lines import HYPHEN, PdfLine
from knowledge.loaders.text import LoadedText
from knowledge.text.sentences import ends_sentence

# Running headers and page numbers stand in this outer share of a page, and on at least this share of the pages.
_MARGIN = 0.1
_REPEATED = 0.2
_NUMBERS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|p\.)?\W*+\d{1,5}(?:\s*+(?:/|\||of|von|de|sur)\s*+\d{1,5})?\W*+", re.IGNORECASE
)

_HEADING_SIZE = 1.12
_MAX_HEADING_CHARS = 200
_MAX_BOLD_HEADING_CHARS = 90
_HEADING_LEVELS = 6
# A gap between lines that exceeds the usual one by this factor begins a new paragraph.
_WIDER_GAP = 1.25
_INDENT = 0.8
_SHORT_LINE = 0.85
_OTHER_SIZE = 0.5
_SHORTEST_TITLE = 3
_ITEMS = ("-", "1.")

_BULLET = re.compile(r"[•●▪■◦○‣∙·\uf0b7\u2013-]\s+(?=\S)")
_NUMBERED = re.compile(r"(?P<number>\d{1,3})[.)]\s+(?=\S)")
_MARKUP_AT_START = re.compile(r"[#>|+=]|```|~~~|-{3}")
_HYPHENATED = re.compile(rf"(?<=\w)(?:[-\u00ad\u2010]|{HYPHEN})$")
# pdfium itself joins a word that is hyphenated across lines, and leaves a mark in place of the hyphen.
_HYPHEN_INSIDE = re.compile(rf"{HYPHEN}\s*(?=[^\W\d_A-Z])")
_NO_TITLE = re.compile(
    r"untitled|\(?anonymous|microsoft \w+ -|.*\.(?:docx?|pdf|xlsx?|pptx?|indd|tex|md|html?)$", re.IGNORECASE
)


@dataclass(frozen=True)
class TableLayout:
    """A ruled table: its rows and its bounds, measured upwards from the foot of the page."""

    left: float
    bottom: float
    right: float
    top: float
    rows: list[list[str]]

    def contains_line(self, line: PdfLine) -> bool:
        """Tell whether a line of the page lies inside the table."""
        across, up = (line.left + line.right) / 2, (line.bottom + line.top) / 2
        return self.left <= across <= self.right and self.bottom <= up <= self.top

    def with_header_of(self, before: "TableLayout") -> "TableLayout":
        """Return this table with the header of the one on the page before, if it continues that one."""
        is_rest = abs(self.left - before.left) + abs(self.right - before.right) < 2 * _INDENT
        as_wide = len(self.rows[0]) == len(before.rows[0])
        if not (is_rest and as_wide) or self.rows[0] == before.rows[0]:
            return self
        return replace(self, rows=[before.rows[0], *self.rows])


@dataclass(frozen=True)
class PageLayout:
    """The lines and tables of one page."""

    height: float
    lines: list[PdfLine]
    tables: list[TableLayout]

    @property
    def char_count(self) -> int:
        return sum(len(line.text) for line in self.lines)


@dataclass
class _PdfBlock:
    """A heading (with its level), a list item, a table or a paragraph in the making."""

    kind: str
    page: int
    text: str
    lines: list[PdfLine] = field(default_factory=list)
    table: TableLayout | None = None


@dataclass(frozen=True)
class _Typography:
    """The typography of a document: the font sizes of its body text and headings, and its line spacing."""

    body: float
    headings: list[float]
    pitch: float


def assemble_document(pages: Sequence[PageLayout], title: str, name: str) -> LoadedText:
    """Assemble the document as Markdown, with the line at which each page begins."""
    pages = _without_running_lines(pages)
    typography = _detect_typography(pages)
    blocks: list[_PdfBlock] = []
    for number, page in enumerate(pages):
        for block in _blocks_of_page(page, number, typography):
            if blocks and _continues_from_page(blocks[-1], block):
                blocks[-1].text = _join_lines(blocks[-1].text, block.text)
                continue
            if blocks and block.table and blocks[-1].table and block.page == blocks[-1].page + 1:
                block.table = block.table.with_header_of(blocks[-1].table)
            blocks.append(block)
    first = next((block.text for block in blocks[:5] if block.kind.startswith("#")), "")
    named = "" if len(title) < _SHORTEST_TITLE or _NO_TITLE.match(title) else title
    markdown, begins = _write_blocks(blocks, len(pages))
    return LoadedText(named or first or name, markdown, begins)


def _without_running_lines(pages: Sequence[PageLayout]) -> list[PageLayout]:
    seen = Counter(key for page in pages for key in {_running_key(page, line) for line in page.lines} if key)
    often = max(2, _REPEATED * len(pages))

    def is_running(page: PageLayout, line: PdfLine) -> bool:
        key = _running_key(page, line)
        return bool(key) and (seen[key] >= often or (len(pages) > 1 and bool(_PAGE_NUMBER.fullmatch(line.text))))

    return [
        PageLayout(page.height, [line for line in page.lines if not is_running(page, line)], page.tables)
        for page in pages
    ]


def _running_key(page: PageLayout, line: PdfLine) -> str:
    """Return a key, equal on every page, for a line in the margin; an empty string for other lines."""
    if line.bottom > (1 - _MARGIN) * page.height:
        return "head " + _NUMBERS.sub("0", line.text)
    return "foot " + _NUMBERS.sub("0", line.text) if line.top < _MARGIN * page.height else ""


def _detect_typography(pages: Sequence[PageLayout]) -> _Typography:
    sizes: Counter[float] = Counter()
    pitches: list[float] = []
    for page in pages:
        for line in page.lines:
            sizes[line.size] += len(line.text)
        for before, line in zip(page.lines, page.lines[1:], strict=False):
            if line.size == before.size > 0 and line.bottom < before.bottom:
                pitches.append((before.bottom - line.bottom) / line.size)
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    headings = sorted((size for size in sizes if size > body * _HEADING_SIZE), reverse=True)
    return _Typography(body, headings, median(pitches) if pitches else 1.2)


def _blocks_of_page(page: PageLayout, number: int, typography: _Typography) -> Iterator[_PdfBlock]:
    """Join lines into blocks, and put each table where its first line stood."""
    block: _PdfBlock | None = None
    untold = list(page.tables)
    for line in page.lines:
        table = next((table for table in page.tables if table.contains_line(line)), None)
        if table:
            if table in untold:
                untold.remove(table)
                if block:
                    yield block
                block = None
                yield _PdfBlock("table", number, "", table=table)
            continue
        new = _start_block(line, number, typography)
        if block and _continues_block(line, block, new, typography):
            block.lines.append(line)
            block.text = _join_lines(block.text, line.text)
        else:
            if block:
                yield block
            block = new
    if block:
        yield block


def _start_block(line: PdfLine, number: int, typography: _Typography) -> _PdfBlock:
    if level := _heading_level(line, typography):
        return _PdfBlock("#" * level, number, line.text, [line])
    if bullet := _BULLET.match(line.text):
        return _PdfBlock("-", number, line.text[bullet.end() :], [line])
    if numbered := _NUMBERED.match(line.text):
        return _PdfBlock("1.", number, f"{numbered['number']}. {line.text[numbered.end() :]}", [line])
    return _PdfBlock("", number, line.text, [line])


def _heading_level(line: PdfLine, typography: _Typography) -> int:
    """Return a heading's level by its font size, bold body text being the lowest level, or 0 for other lines."""
    if line.size in typography.headings and len(line.text) <= _MAX_HEADING_CHARS:
        return min(typography.headings.index(line.size) + 1, _HEADING_LEVELS)
    is_short = len(line.text) <= _MAX_BOLD_HEADING_CHARS and not ends_sentence(line.text)
    if line.bold and is_short and line.size >= typography.body and not _BULLET.match(line.text):
        return min(len(typography.headings) + 1, _HEADING_LEVELS)
    return 0


def _continues_block(line: PdfLine, block: _PdfBlock, new: _PdfBlock, typography: _Typography) -> bool:
    """Tell whether a line continues the block of the line before it."""
    before = block.lines[-1]
    drop = before.bottom - line.bottom
    begins_anew = new.kind in _ITEMS or (new.kind != block.kind and block.kind not in _ITEMS)
    if begins_anew or abs(line.size - before.size) > _OTHER_SIZE or drop > _WIDER_GAP * typography.pitch * line.size:
        return False
    if drop < -line.size:  # the next column
        return _reads_on(block.text, line.text)
    if block.kind.startswith("#"):
        return True
    indented = not block.kind and line.left > before.left + _INDENT * line.size and len(block.lines) > 1
    widest = max(held.right - held.left for held in block.lines)
    ended_early = before.right - before.left < _SHORT_LINE * widest and ends_sentence(before.text)
    return not indented and not ended_early


def _continues_from_page(last: _PdfBlock, block: _PdfBlock) -> bool:
    """Tell whether a paragraph or list item continues on the next page."""
    turned = block.page == last.page + 1 and not block.kind and last.kind in ("", *_ITEMS)
    return turned and _reads_on(last.text, block.text)


def _reads_on(text: str, following: str) -> bool:
    return not ends_sentence(text) and following[:1].islower()


def _join_lines(text: str, following: str) -> str:
    if following[:1].islower() and _HYPHENATED.search(text):
        return _HYPHENATED.sub("", text) + following
    return f"{text.removesuffix(HYPHEN)} {following}"


def _write_blocks(blocks: Sequence[_PdfBlock], pages: int) -> tuple[str, tuple[int, ...]]:
    lines: list[str] = []
    begins: list[int] = []
    last = ""
    for block in blocks:
        if lines and not (block.kind == last and last in _ITEMS):
            lines.append("")
        begins += [len(lines)] * (block.page + 1 - len(begins))
        lines += _block_markdown(block).split("\n")
        last = block.kind
    begins += [len(lines)] * (pages - len(begins))
    return "\n".join(lines), tuple(begins)


def _block_markdown(block: _PdfBlock) -> str:
    if block.table:
        return markdown_table.to_markdown(block.table.rows)
    text = _HYPHEN_INSIDE.sub("", block.text).replace(HYPHEN, "-")
    match block.kind:
        case "-":
            return f"- {text}"
        case "1.":
            return text
        case "":
            return "\\" + text if _MARKUP_AT_START.match(text) else text
        case hashes:
            return f"{hashes} {text}"
