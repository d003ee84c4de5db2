"""Markdown with or without YAML front matter."""

import re

import yaml
from frontmatter.default_handlers import YAMLHandler

from knowledge.errors import DocumentUnreadable
from knowledge.loaders.text import Text, decode, title_from_name

SUFFIXES = (".md", ".markdown")

_FIRST_HEADING = re.compile(r"\A\s*#[ \t]+(?P<title>[^\n]+?)[ \t#]*(?:\n|\Z)")
# An underscore inside a word is part of it: ERR_TIMEOUT.
_MARKUP = re.compile(r"[*`]|(?<!\w)_|_(?!\w)")
_YAML = YAMLHandler()
_MAX_MATTER_CHARS = 16_000
_MAX_TITLE_CHARS = 200


class _WithoutAliases(yaml.SafeLoader):
    """A few lines of aliases to aliases can stand for gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        return super().compose_node(parent, index)


def load(data: bytes, name: str) -> Text:
    """Titled by its front matter, else by its first heading, else after its name."""
    try:
        matter, body = _parse(decode(data))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DocumentUnreadable(f"the front matter is not valid YAML: {' '.join(str(error).split())}") from error
    heading = _FIRST_HEADING.match(body)
    given = matter.get("title")
    # A number or a date is a title too; a list or a mapping is none.
    named = "" if given is None or isinstance(given, list | dict) else str(given)
    title = named or (heading and _MARKUP.sub("", heading["title"])) or title_from_name(name)
    return Text(title=title.strip()[:_MAX_TITLE_CHARS], markdown=body.strip())


def _parse(text: str) -> tuple[dict[str, object], str]:
    """The front matter and the rest. What stands between two rules and is no mapping is text."""
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
