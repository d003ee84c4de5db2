"""Split a passage into blocks whose units can be quoted alone: sentences, list items, table rows, code."""

import re
from dataclasses import dataclass
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from knowledge.ingestion.chunking import SENTENCE_START

Kind = Literal["paragraph", "ordered", "bullets", "table", "code"]

_MARKDOWN = MarkdownIt("commonmark").enable("table")
_SENTENCE_END = re.compile(rf"(?:(?<=[.!?])|(?<=[.!?][\"')\]»“”’]))\s+(?={SENTENCE_START})")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|no|vs|approx|incl|Inc|Ltd|St|Dr|Mr|Mrs|Ms)\.$", re.IGNORECASE)


@dataclass(frozen=True)
class MarkdownBlock:
    """A paragraph with its sentences, a list with its items, a table with its rows, or code as one unit.

    `units` are compared with a question; `head` (a table's header) is always shown with a unit. Units whose indices are
    in `withheld` are never shown.
    """

    kind: Kind
    units: tuple[str, ...]
    head: str = ""
    withheld: frozenset[int] = frozenset()

    def render(self, chosen: range | list[int]) -> str:
        """Return the chosen units as they stood in the document; empty if none of them may be shown."""
        parts = [self.units[index] for index in chosen if index not in self.withheld]
        if self.kind == "paragraph" or not parts:
            return " ".join(parts)
        return "\n".join([self.head, *parts] if self.head else parts)


def blocks(markdown: str) -> list[MarkdownBlock]:
    """Return the blocks of a passage, in order."""
    lines = markdown.split("\n")
    tokens = _MARKDOWN.parse(markdown)
    found: list[MarkdownBlock] = []
    for index, token in enumerate(tokens):
        if token.level != 0 or token.map is None:
            continue
        text = "\n".join(lines[token.map[0] : token.map[1]]).strip("\n")
        block = _block(token, text, lines, tokens[index + 1 :])
        if block and block.units:
            found.append(block)
    return found


def _block(token: Token, text: str, lines: list[str], following: list[Token]) -> MarkdownBlock | None:
    match token.type:
        case "paragraph_open" | "blockquote_open":
            return MarkdownBlock("paragraph", tuple(sentences(_unquoted(text))))
        case "ordered_list_open":
            return MarkdownBlock("ordered", tuple(_items(lines, following, token.level)))
        case "bullet_list_open":
            return MarkdownBlock("bullets", tuple(_items(lines, following, token.level)))
        case "table_open":
            rows = text.split("\n")
            return MarkdownBlock("table", tuple(rows[2:]), head="\n".join(rows[:2]))
        case "fence" | "code_block":
            return MarkdownBlock("code", (text,))
        case _:
            return None


def _items(lines: list[str], tokens: list[Token], level: int) -> list[str]:
    items = []
    for token in tokens:
        if token.level == level and token.type.endswith("list_close"):
            break
        if token.level == level + 1 and token.type == "list_item_open" and token.map:
            items.append("\n".join(lines[token.map[0] : token.map[1]]).rstrip())
    return items


def _unquoted(text: str) -> str:
    return "\n".join(line.lstrip("> ") for line in text.split("\n"))


def sentences(paragraph: str) -> list[str]:
    """Split a paragraph into sentences; a full stop after an abbreviation does not end one."""
    found: list[str] = []
    for piece in _SENTENCE_END.split(" ".join(paragraph.split())):
        if found and _ABBREVIATION.search(found[-1]):
            found[-1] = f"{found[-1]} {piece}"
        elif piece:
            found.append(piece)
    return found
