"""The loader of HTML: html-to-markdown converts the content of a page without the site's navigation around it."""

import codecs
import html
import re
from typing import Any, cast

from html_to_markdown import ConversionOptions, NodeContext, VisitResult, WarningKind, convert

from knowledge.errors import DocumentUnreadable
from knowledge.loaders.text import LoadedText, decode_text, title_from_name
from knowledge.text.document_links import SCHEME, link_target

# A site's header and footer, and elements without text to quote. The library itself drops scripts, styles, navigation,
# forms and hidden elements.
_NOT_CONTENT = [
    *("svg", "iframe", "object", "video", "audio", "canvas", "footer", "button", "select"),
    *("[aria-hidden=true]", "[role=navigation]", "[role=banner]", "[role=contentinfo]", "[role=search]"),
]
_OPTIONS = ConversionOptions(
    extract_metadata=False, skip_images=True, compact_tables=True, bullets="-", exclude_selectors=_NOT_CONTENT
)
_REACHABLE = ("http://", "https://", "mailto:", "tel:")
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{0,1000})</title>", re.IGNORECASE | re.DOTALL)
_FIRST_HEADING = re.compile(r"^#[ \t]+(?P<title>[^\n]+)$", re.MULTILINE)
_MAIN = re.compile(r"</?main\b", re.IGNORECASE)
_MARKUP = re.compile(r"[*`]")
_DECLARED = re.compile(
    rb"<(?:meta|\?xml)\b[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE
)
_HEAD_CHARS = 16_384


class _Links:
    """The visitor that keeps absolute links, names the document of relative ones, and leaves of others their text."""

    def __init__(self, name: str) -> None:
        self._name = name

    def visit_link(self, _node: NodeContext, href: str, text: str, _title: str) -> VisitResult | str | dict[str, str]:
        if href.startswith(_REACHABLE) and text:
            return "continue"
        target = link_target(href, self._name) if text else ""
        return {"custom": f"[{text}]({target})" if target.startswith(SCHEME) else text}


def to_markdown(markup: str, name: str = "") -> str:
    """Convert HTML, a whole page or a fragment, to Markdown; relative links start from the path `name`."""
    # The library calls only the methods that exist; its type requires them all.
    result = convert(markup, _OPTIONS, cast(Any, _Links(name)))
    if any(warning.kind == WarningKind.DEPTH_LIMIT_EXCEEDED for warning in result.warnings):
        raise DocumentUnreadable("its elements are nested more than 1,000 deep; save the page anew as simpler HTML")
    return (result.content or "").strip()


def load(data: bytes, name: str) -> LoadedText:
    """Load a page titled by its first heading, else by its title element, else after its name."""
    markup = _decode_page(data)
    ends = [found.start() for found in _MAIN.finditer(markup)]
    markdown = (ends and to_markdown(markup[ends[0] : ends[-1]], name)) or to_markdown(markup, name)
    heading, element = _FIRST_HEADING.search(markdown), _TITLE.search(markup, 0, _HEAD_CHARS)
    title = (heading and _MARKUP.sub("", heading["title"])) or (element and html.unescape(element[1]))
    return LoadedText((title or "").strip() or title_from_name(name), markdown)


def _decode_page(data: bytes) -> str:
    """Decode as UTF-8 if that is valid, else by the encoding that the page declares."""
    try:
        return decode_text(data)
    except DocumentUnreadable:
        declared = _DECLARED.search(data[:_HEAD_CHARS])
        if declared is None:
            raise
        return _decode_as(data, declared[1].decode("ascii", "replace"))


def _decode_as(data: bytes, encoding: str) -> str:
    try:
        # Browsers read declared Latin-1 as Windows-1252, and authors rely on that.
        name = codecs.lookup(encoding).name
        text = data.decode("cp1252" if name in ("iso8859-1", "ascii") else name)
    except (LookupError, UnicodeError) as error:
        raise DocumentUnreadable(f"not the {encoding} text that it says it is; save the page as UTF-8") from error
    return decode_text(text.encode())
