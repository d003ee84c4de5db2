"""Chunking: the split of a document along its headings into passages small enough to embed and to quote."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from markdown_it import MarkdownIt

from knowledge.errors import DocumentUnreadable
from knowledge.loaders import LoadedText
from knowledge.text.headings import joined, shortened
from knowledge.text.sentences import split_paragraph

# The bundled embedding model reads 256 word pieces, which English prose fills with about this many characters.
MAX_CHARS = 1000

# The steps of a procedure stay together; search finds them by the heading and the first steps.
MAX_STEPS_CHARS = 3000

# The limit for one document: a thousand printed pages are about 3,000 passages.
MAX_PASSAGES = 30_000
# Headings and table headers are repeated in each of their passages. A document whose passages grow beyond this multiple
# of its text consists of little else; for a small document that is allowed.
_MOST_GROWTH = 3
_SMALL_CHARS = 1_000_000

_ROWS_TOLD = 8

_MARKDOWN = MarkdownIt("commonmark").enable("table")
# Inline parsing is done for headings alone: it takes most of a parser's time.
_BLOCKS = MarkdownIt("commonmark").enable("table").disable("inline")


@dataclass(frozen=True)
class Chunk:
    """A passage below one heading. `section` is the path of headings, without the title; `page` counts from 1."""

    position: int
    section: str
    text: str
    page: int | None = None


@dataclass(frozen=True)
class _ChunkBlock:
    """A paragraph, list, table or code block, with the line of the document at which it begins."""

    section: str
    text: str
    line: int
    limit: int = MAX_CHARS
    page: int | None = None


@dataclass(frozen=True)
class _Element:
    """A heading with its level, or with level 0 any other block, with its maximum length as one passage."""

    level: int
    text: str
    line: int
    limit: int = MAX_CHARS


def split_document(text: LoadedText) -> list[Chunk]:
    """Pack whole blocks (paragraphs, lists, tables, code) below a heading into chunks, none longer than its limit.

    A block across two pages belongs to the one on which it begins; blocks of different pages are never packed together.
    Raise `DocumentUnreadable` for a document that would fill the library with passages."""
    packed: list[_ChunkBlock] = []
    chars, most = 0, max(_SMALL_CHARS, _MOST_GROWTH * len(text.markdown))
    for block in _small_blocks(text):
        last = packed[-1] if packed else None
        if last and (last.section, last.page) == (block.section, block.page) and _fits_together(last, block):
            packed[-1] = replace(last, text=f"{last.text}\n\n{block.text}", limit=MAX_CHARS)
        else:
            packed.append(block)
            chars += len(block.section)
        chars += len(block.text)
        if len(packed) > MAX_PASSAGES:
            raise DocumentUnreadable(f"it would become more than {MAX_PASSAGES:,} passages; split it")
        if chars > most:
            raise DocumentUnreadable(
                f"its headings stand in so many passages that its {len(text.markdown):,} characters would become more "
                f"than {most:,}; shorten the headings, or put more text below each"
            )
    return [Chunk(position, block.section, block.text, block.page) for position, block in enumerate(packed)]


def _fits_together(last: _ChunkBlock, block: _ChunkBlock) -> bool:
    # A sentence that ends in a colon stays with the steps it introduces.
    limit = block.limit if last.text.endswith(":") else MAX_CHARS
    return len(last.text) + len(block.text) + 2 <= limit


def _small_blocks(text: LoadedText) -> Iterator[_ChunkBlock]:
    for block in _blocks_by_heading(text):
        if len(block.text) <= block.limit:
            yield replace(block, page=_page_of_line(text, block.line))
        else:
            for line, piece in _split_block(block.text):
                yield _ChunkBlock(block.section, piece, block.line + line, page=_page_of_line(text, block.line + line))


def _page_of_line(text: LoadedText, line: int) -> int | None:
    return max(1, bisect_right(text.pages, line)) if text.pages else None


def _blocks_by_heading(text: LoadedText) -> Iterator[_ChunkBlock]:
    """Yield the blocks below each path of headings; a heading with nothing below it becomes a block itself."""
    path: list[str] = []
    silent: _Element | None = None
    for element in _parse_elements(text.markdown):
        if not element.level:
            silent = None
            yield _ChunkBlock(_section_path(path, text.title), element.text, element.line, element.limit)
            continue
        if silent and element.level <= len(path):
            yield _ChunkBlock(_section_path(path, text.title), silent.text, silent.line)
        path = _path_below(path, element.level, shortened(element.text))
        silent = element if path[-1] != text.title else None
    if silent:
        yield _ChunkBlock(_section_path(path, text.title), silent.text, silent.line)


def _parse_elements(markdown: str) -> Iterator[_Element]:
    # The parser reads these as line ends too.
    lines = markdown.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    told = [*_without_long_tables(lines), len(lines)]
    links: dict[str, object] = {}
    tokens = _BLOCKS.parse("\n".join(lines[number] for number in told[:-1]), links)
    read = 0
    for index, token in enumerate(tokens):
        if token.level != 0 or token.map is None:
            continue
        # The parser emits no token for what it reads as the definition of a link.
        start = told[token.map[0]]
        yield from _text_elements(lines, read, start, MAX_CHARS)
        read = told[token.map[1]]
        if token.type == "heading_open":
            yield _Element(int(token.tag[1]), _plain_heading(tokens[index + 1].content, links), start)
        else:
            limit = MAX_STEPS_CHARS if token.type == "ordered_list_open" else MAX_CHARS
            yield from _text_elements(lines, start, read, limit)
    yield from _text_elements(lines, read, len(lines), MAX_CHARS)


def _without_long_tables(lines: list[str]) -> Iterator[int]:
    """Yield the numbers of the lines that determine the blocks; more rows of a long table only cost parsing time."""
    row = 0
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        row = row + 1 if line.startswith("|") else 0
        is_inside = row > _ROWS_TOLD and following.startswith("|")
        if not is_inside or not line.strip("|-: ") or not following.strip("|-: "):
            yield number


def _text_elements(lines: list[str], start: int, end: int, limit: int) -> Iterator[_Element]:
    while start < end and not lines[start].strip():
        start += 1
    if block := "\n".join(lines[start:end]).strip():
        yield _Element(0, block, start, limit)


def _section_path(path: list[str], title: str) -> str:
    return joined([part for part in path if part and part != title])


def _path_below(path: list[str], level: int, heading: str) -> list[str]:
    return [*(path + [""] * level)[: level - 1], heading]


def _plain_heading(heading: str, links: dict[str, object]) -> str:
    (inline,) = _MARKDOWN.parseInline(heading, links)
    return "".join(child.content for child in inline.children or [] if child.type in ("text", "code_inline"))


def _split_block(block: str) -> Iterator[tuple[int, str]]:
    """Cut a table between rows (repeating its header), other blocks between lines, sentences, or else anywhere.

    Each piece comes with the number of the block's line at which it begins."""
    lines = block.split("\n")
    is_table = len(lines) > 2 and set(lines[1]) <= set("|-: ") and "-" in lines[1]
    header = "\n".join(lines[:2]) + "\n" if is_table else ""
    # A header that fills most of a passage is not worth repeating.
    if len(header) > MAX_CHARS // 2:
        is_table, header = False, ""
    room = MAX_CHARS - len(header)
    first = 2 if is_table else 0
    parts = [(number, part) for number, line in enumerate(lines[first:], first) for part in _split_line(line, room)]
    joiner = "\n" if is_table or len(lines) > 1 else " "
    begin, piece = 0, ""
    for number, part in parts:
        if piece and len(piece) + len(part) + 1 > room:
            yield begin, header + piece
            begin, piece = number, part
        else:
            piece = f"{piece}{joiner}{part}" if piece else part
    if piece:
        yield begin, header + piece


def _split_line(line: str, room: int) -> Iterator[str]:
    for sentence in [line] if len(line) <= room else split_paragraph(line):
        for start in range(0, len(sentence), room):
            yield sentence[start : start + room]


def as_embedded(title: str, chunk: Chunk) -> str:
    """Put title and section before a passage, so that search finds it by those as well as by its text."""
    heading = f"{title} > {chunk.section}" if chunk.section else title
    return f"{heading}\n{chunk.text}".lstrip()
