"""The loader of Markdown with or without front matter; HTML and the dialects of sites in it become Markdown too."""

import re
import tomllib

import yaml
from frontmatter.default_handlers import YAMLHandler
from markdown_it import MarkdownIt

from knowledge.errors import DocumentUnreadable
from knowledge.loaders import dialects, html
from knowledge.loaders.text import LoadedText, decode_text, title_from_name

_FIRST_HEADING = re.compile(r"\s*+#[ \t]++(?P<title>[^\n]+)")
# An underscore inside a word is part of it: ERR_TIMEOUT.
_MARKUP = re.compile(r"[*`]|(?<!\w)_|_(?!\w)")
_LINK = re.compile(r"\[([^\[\]]{1,300})\]\([^()\s]{1,1000}\)")
_YAML = YAMLHandler()
_MAX_MATTER_CHARS = 16_000

_MARKDOWN = MarkdownIt("commonmark").enable("table")
_STARTS_HTML = re.compile(r"^ {0,3}<[a-zA-Z/!?]", re.MULTILINE)
# Elements that give a block its own structure. Authors write Markdown inside all others.
_STRUCTURE = re.compile(
    r"<(?:table|tr|td|th|ul|ol|li|dl|dt|dd|p|h[1-6]|pre|blockquote|div|details|script|style)\b|<!", re.IGNORECASE
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


class _WithoutAliases(yaml.SafeLoader):
    """A YAML loader that refuses aliases: a few lines of nested aliases can expand to gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        return super().compose_node(parent, index)


def load(data: bytes, name: str) -> LoadedText:
    """Load a document titled by its front matter, else by its first heading, else after its name."""
    try:
        matter, body = _parse_front_matter(decode_text(data))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DocumentUnreadable(f"the front matter is not valid: {' '.join(str(error).split())}") from error
    markdown = _rewrite(body, name).strip("\n").rstrip()
    # The indentation of code stays.
    markdown = markdown if markdown.startswith(("    ", "\t")) else markdown.lstrip()
    title = _rewrite(_field(matter, "title"), name).strip() or _first_heading(markdown) or title_from_name(name)
    return LoadedText(title=title, markdown=markdown if markdown.strip() else _field(matter, "description"))


def _rewrite(markdown: str, name: str) -> str:
    return dialects.rewrite_inline(_without_html(dialects.rewrite_source(markdown), name), name)


def _field(matter: dict[str, object], name: str) -> str:
    """Return a field as text: a number or a date counts as one, a list or a mapping does not."""
    value = matter.get(name)
    return "" if value is None or isinstance(value, list | dict) else str(value)


def _first_heading(markdown: str) -> str:
    found = _FIRST_HEADING.match(markdown)
    return _MARKUP.sub("", _LINK.sub(r"\1", found["title"].rstrip(" \t#"))).strip() if found else ""


def _parse_front_matter(text: str) -> tuple[dict[str, object], str]:
    """Split off the front matter; anything between two rules that is not a mapping is text."""
    if text.startswith("+++\n"):
        return _parse_toml(text)
    if not _YAML.detect(text):
        return {}, text
    try:
        matter, body = _YAML.split(text)
    except ValueError:  # a rule at the top, and no second one
        return {}, text
    if len(matter) > _MAX_MATTER_CHARS:
        raise DocumentUnreadable(f"the front matter is longer than {_MAX_MATTER_CHARS:,} characters")
    fields = _YAML.load(matter, Loader=_WithoutAliases)
    return (fields, body) if isinstance(fields, dict) else ({}, text)


def _parse_toml(text: str) -> tuple[dict[str, object], str]:
    matter, found, body = text.removeprefix("+++\n").partition("\n+++\n")
    if not found or len(matter) > _MAX_MATTER_CHARS:
        return {}, text
    return tomllib.loads(matter), body


def _without_html(body: str, name: str) -> str:
    """Convert HTML tables and lists, which can then be chunked and quoted like others, and drop comments."""
    if not _STARTS_HTML.search(body):
        return body
    lines = body.split("\n")
    for start, end in reversed(_html_blocks(body, lines)):
        made = _from_html("\n".join(lines[start:end]), name)
        lines[start:end] = ["", *made.split("\n"), ""] if made.strip() else []
    return "\n".join(lines)


def _html_blocks(body: str, lines: list[str]) -> list[tuple[int, int]]:
    """Return the line ranges of HTML blocks, rejoined where Markdown ends one at a blank line within a table."""
    found: list[tuple[int, int]] = []
    for token in _MARKDOWN.parse(body):
        if token.type != "html_block" or token.map is None:
            continue
        start, end = token.map
        if found and not any(line.strip() for line in lines[found[-1][1] : start]):
            start = found.pop()[0]
        found.append((start, end))
    return found


def _from_html(block: str, name: str) -> str:
    if block.startswith(" ") or not _STRUCTURE.search(block):
        return _TAG.sub("", block)
    return html.to_markdown(block, name)
