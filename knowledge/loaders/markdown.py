"""Markdown with or without YAML front matter."""

import re

import frontmatter
import yaml

from knowledge.errors import DocumentUnreadable
from knowledge.loaders.text import Text, decode, title_from_name

SUFFIXES = (".md", ".markdown")

_FIRST_HEADING = re.compile(r"\A\s*#[ \t]+(?P<title>[^\n]+?)[ \t#]*(?:\n|\Z)")
_MARKUP = re.compile(r"[*_`]")


def load(data: bytes, name: str) -> Text:
    """Titled by its front matter, else by its first heading, else after its name."""
    try:
        matter, body = frontmatter.parse(decode(data))
    except (yaml.YAMLError, ValueError) as error:
        raise DocumentUnreadable(f"the front matter is not valid YAML: {' '.join(str(error).split())}") from error
    heading = _FIRST_HEADING.match(body)
    title = matter.get("title") or (heading and _MARKUP.sub("", heading["title"])) or title_from_name(name)
    return Text(title=str(title).strip(), markdown=body)
