"""The units of a passage, of which answers are made: sentences, list items, table rows, code.

Each is embedded together with what it is about: its heading, the sentence that introduces its list, the columns of its
table.
"""

from collections.abc import Iterator, Sequence

from knowledge.text.markdown_blocks import MarkdownBlock, blocks

# The embedding model reads about this much of a text; the unit itself stands at the end.
_MOST_CONTEXT_CHARS = 300
_MOST_UNIT_CHARS = 700


def unit_texts(title: str, section: str, text: str) -> list[str]:
    """Return the text to embed of every unit of a passage, in order."""
    heading = section.rpartition(" > ")[2] or title
    return list(_unit_texts(heading, blocks(text)))


def _unit_texts(heading: str, found: Sequence[MarkdownBlock]) -> Iterator[str]:
    for index, block in enumerate(found):
        context = " ".join(filter(None, (heading, _lead_in(found, index))))[:_MOST_CONTEXT_CHARS]
        head = _column_names(block)
        for unit in block.units:
            yield f"{context}: {head}{unit}"[: _MOST_CONTEXT_CHARS + _MOST_UNIT_CHARS]


def _lead_in(found: Sequence[MarkdownBlock], index: int) -> str:
    """Return the last sentence before a list, a table or code."""
    if found[index].kind == "paragraph" or not index or found[index - 1].kind != "paragraph":
        return ""
    return found[index - 1].units[-1].rstrip(":")


def _column_names(block: MarkdownBlock) -> str:
    return f"{' '.join(block.head.split(chr(10))[0].replace('|', ' ').split())} " if block.head else ""
