"""HTML within the lines of Markdown: what has a form in Markdown takes it, other known elements leave their text."""

import re

from knowledge.loaders.dialects.wording import is_sentence

_TAG = re.compile(
    r"<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]{0,20})"
    r"(?P<attributes>\s(?:[^<>\"']|\"[^\"<]{0,1000}\"|'[^'<]{0,1000}'){0,400})?\s{0,9}/?>"
)
_LINK = re.compile(
    r"<a\s[^<>]{0,400}?\bhref\s{0,9}=\s{0,9}[\"']?(?P<href>[^\"'<>\s]{1,1000})[^<>]{0,400}>"
    r"(?P<text>(?:[^<\n]|<(?!/?a\b)){0,1000}+)</a\s{0,9}>",
    re.IGNORECASE,
)
_ALT = re.compile(r"\balt\s{0,9}=\s{0,9}(?:\"(?P<double>[^\"<>]{0,600})\"|'(?P<single>[^'<>]{0,600})')", re.IGNORECASE)
_MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*", "code": "`", "kbd": "`", "samp": "`", "tt": "`", "var": "*"}
_MARKS |= {"del": "~~", "s": "~~", "strike": "~~"}
# Not those that are words for values too: path, source, label.
_DROPPED = frozenset(
    "a abbr acronym article aside audio bdi bdo big blockquote center cite col colgroup dd details dfn div dl dt embed "
    "figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr iframe ins li mark nav nobr ol p picture rp rt ruby "
    "section small span sub summary sup svg table tbody td tfoot th thead tr u ul video wbr".split()
)
_EMPTY_MARKS = re.compile(r"(?<![*`~\\])(?:\*\*[ \t]{0,9}\*\*|``)(?![*`~])")


def rewrite(text: str) -> str:
    """Replace the known elements of HTML; names in angle brackets that are none stay: they stand for a value."""
    if "<" not in text:
        return text
    text = _LINK.sub(lambda found: f"[{found['text']}]({found['href']})" if found["text"].strip() else "", text)
    return _EMPTY_MARKS.sub("", _TAG.sub(_replaced, text))


def _replaced(found: re.Match[str]) -> str:
    name = found["name"].lower()
    if name == "br":
        return _line_break(found)
    if name == "img":
        alt = _ALT.search(found["attributes"] or "")
        described = (alt["double"] or alt["single"] or "") if alt else ""
        return described if is_sentence(described) else ""
    if name in _MARKS:
        return _MARKS[name]
    return "" if name in _DROPPED else found[0]


def _line_break(found: re.Match[str]) -> str:
    """Break the line, but not in a table, a heading or at the line's end."""
    text, start = found.string, found.start()
    begin = text.rfind("\n", max(0, start - 4_000), start) + 1
    line = text[begin : begin + 80].lstrip(" \t>")
    is_last = text[found.end() : found.end() + 1] in ("", "\n")
    return " " if is_last or line.startswith(("|", "#")) or (begin == 0 and start > 4_000) else "  \n"
