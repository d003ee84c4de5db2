"""Split a passage into blocks whose units can be quoted alone: sentences, list items, table rows, code."""

from dataclasses import dataclass
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from knowledge.text.sentences import split_paragraph

Kind = Literal["paragraph", "ordered", "bullets", "table", "code"]

_MARKDOWN = MarkdownIt("commonmark").enable("table")


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
        block = _read_block(token, text, lines, tokens[index + 1 :])
        if block and block.units:
            found.append(block)
    return found


def _read_block(token: Token, text: str, lines: list[str], following: list[Token]) -> MarkdownBlock | None:
    match token.type:
        case "paragraph_open" | "blockquote_open":
            return MarkdownBlock("paragraph", tuple(split_paragraph(" ".join(_without_quote_marks(text).split()))))
        case "ordered_list_open":
            return MarkdownBlock("ordered", tuple(_list_items(lines, following, token.level)))
        case "bullet_list_open":
            return MarkdownBlock("bullets", tuple(_list_items(lines, following, token.level)))
        case "table_open":
            rows = text.split("\n")
            return MarkdownBlock("table", tuple(rows[2:]), head="\n".join(rows[:2]))
        case "fence" | "code_block":
            return MarkdownBlock("code", (text,))
        case _:
            return None


def _list_items(lines: list[str], tokens: list[Token], level: int) -> list[str]:
    items = []
    for token in tokens:
        if token.level == level and token.type.endswith("list_close"):
            break
        if token.level == level + 1 and token.type == "list_item_open" and token.map:
            items.append("\n".join(lines[token.map[0] : token.map[1]]).rstrip())
    return items


def _without_quote_marks(text: str) -> str:
    return "\n".join(line.lstrip("> ") for line in text.split("\n"))
