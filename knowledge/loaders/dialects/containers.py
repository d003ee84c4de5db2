"""Admonitions, tabs and details of every dialect, which become paragraphs led by a word in bold.

GitHub writes `> [!NOTE]`, ReadMe an emoji in a quotation, MkDocs `!!! note` and `=== "Tab"` with indented lines,
Docusaurus and others `:::note`. Templates and components are rewritten to the latter first.
"""

import re
from collections.abc import Iterator

from knowledge.loaders.dialects.hidden_code import BLOCK

_KINDS = {
    **{
        kind: kind.capitalize()
        for kind in "note info tip hint important warning caution danger attention error".split()
    },
    **{
        kind: kind.capitalize()
        for kind in "success example question quote abstract summary bug failure todo alert".split()
    },
    **{"faq": "FAQ", "seealso": "See also", "notes": "Note", "tips": "Tip", "warn": "Warning", "information": "Info"},
    **{"deprecated": "Deprecated", "aside": "Note", "admonition": "Note", "callout": "Note", "notice": "Note"},
    **{"prerequisites": "Prerequisites", "pro-tip": "Tip", "check": "Success", "block": "Note"},
}
# Their kind is an argument.
_GENERAL = frozenset("aside admonition callout notice alert block hint".split())
_TITLED = frozenset("details tab tabitem tab-item step dropdown card accordion".split())
_EMOJI = {
    "📘": "info",
    "🚧": "warning",
    "❗": "danger",
    "👍": "success",
    "⚠": "warning",
    "💡": "tip",
    "ℹ": "info",
    "📝": "note",
}

_COLONS = re.compile(r"[ \t>]{0,40}:{3,}[ \t]{0,9}(?:\{?\.?(?:callout-)?(?P<kind>[\w-]{1,40})\}?(?P<title>[^\n]*))?$")
_INDENTING = re.compile(
    r"(?P<indent>[ \t]{0,40})(?:(?:!!!|\?{3}\+?)[ \t]{1,9}(?P<kind>[\w-]{1,40})[^\"\n]{0,100}|={3}[!+]?[ \t]{1,9})"
    r"(?:\"(?P<title>[^\"\n]{0,300})\")?[ \t]*+$"
)
_QUOTED = re.compile(r"(?P<indent>[ \t]{0,40})>[ \t]{0,9}\\?\[!(?P<kind>[A-Za-z-]{1,30})\\?\][-+]?(?P<title>[^\n]*)$")
_QUOTED_BOLD = re.compile(r"(?P<indent>[ \t]{0,40})>[ \t]{0,9}(?:\*\*|__)(?P<kind>[A-Za-z]{1,30})(?:\*\*|__)[ \t]*+$")
_QUOTED_EMOJI = re.compile("(?P<indent>[ \t]{0,40})>[ \t]{0,9}(?P<emoji>[📘🚧❗👍⚠💡ℹ📝])\ufe0f?(?P<title>[^\\n]*)$")
_QUOTE_MARK = re.compile(r"[ \t]{0,40}>[ ]?")
# What a word in bold cannot be put before, without changing what it is.
_STRUCTURE = re.compile(rf"[ \t]*+(?:[-*+][ \t]|\d{{1,9}}[.)][ \t]|#|\||>|={{3}}|[!?]{{3}}|:{{3}}|<[a-zA-Z/]|{BLOCK})")
_LABEL = re.compile(
    r"[ \t>]{0,40}(?:\*\*|__)[^*_\n]{1,60}(?::(?:\*\*|__)|(?:\*\*|__) ?:)|[ \t>]{0,40}[A-Z][a-z]{2,12}:\s"
)
_NAMED_TITLE = re.compile(r"(?:title|header|summary)=[\"'](?P<title>[^\"']{0,300})[\"']")


def container_start(text: str, place: int, name: str, title: str = "", kind: str = "") -> str:
    """Return what begins a container instead of the tag at a place: within a line its word, for other tags nothing."""
    name, kind = name.lower(), kind.lower()
    if name in _GENERAL and kind in _KINDS:
        name = kind
    if name not in _KINDS and name not in _TITLED:
        return ""
    indent = _indent_before(text, place)
    if indent is None:
        word = title or _KINDS.get(name, "")
        return f"**{word}:** " if word else ""
    return f":::{name} {' '.join(title.split())}\n{indent}"


def container_end(name: str) -> str:
    """Return what ends a container instead of a tag."""
    return "\n:::\n" if name.lower() in _KINDS or name.lower() in _TITLED else ""


def _indent_before(text: str, place: int) -> str | None:
    """Return what stands before a place in its line if that is only white space or quote marks."""
    before = text[max(0, place - 80) : place]
    last = before.rfind("\n")
    indent = before[last + 1 :]
    return indent if (last >= 0 or place <= len(before)) and not indent.strip(" \t>") else None


def rewrite(text: str) -> str:
    """Write every container as paragraphs, the first of them led by the container's word or title."""
    return "\n".join(_ContainerReader().read_lines(text.split("\n")))


class _ContainerReader:
    """A reader of lines that knows which containers it is in."""

    def __init__(self) -> None:
        # The columns at which the lines within indenting containers begin.
        self._columns: list[int] = []
        self._is_quoted = False
        self._lead = ""
        self._is_lead_alone = False

    def read_lines(self, lines: list[str]) -> Iterator[str]:
        """Yield the lines without the marks of containers."""
        for line in map(self._without_marks, lines):
            yield from self._read_line(line)

    def _without_marks(self, line: str) -> str:
        if self._is_quoted:
            mark = _QUOTE_MARK.match(line)
            self._is_quoted = mark is not None
            line = line[mark.end() :] if mark else f"\n{line}" if line.strip() else line
        if not line.strip():
            return line
        if self._columns and line.startswith(("\t", " ")):
            line = line.expandtabs(4)
        indent = len(line) - len(line.lstrip(" "))
        while self._columns and indent < self._columns[-1]:
            self._columns.pop()
        return line[4 * len(self._columns) :] if self._columns else line

    def _read_line(self, line: str) -> Iterator[str]:
        found = _INDENTING.match(line)
        quoted = None if found else _QUOTED.match(line) or _QUOTED_BOLD.match(line) or _QUOTED_EMOJI.match(line)
        colons = None if found or quoted else _COLONS.match(line)
        if found:
            kind, title = found["kind"], found["title"]
            has_no_title = title is not None and not title.strip()
            self._columns.append(len(found["indent"]) + 4 * len(self._columns) + 4)
            self._open_container(kind or "tab", "" if has_no_title else title or "", is_silent=has_no_title)
            yield ""
        elif quoted and (kind := _quoted_kind(quoted)) in _KINDS:
            self._is_quoted = True
            self._open_container(kind, quoted.groupdict().get("title") or "")
            yield ""
        elif colons:
            if colons["kind"]:
                self._open_container(colons["kind"], colons["title"])
            yield ""
        else:
            yield from self._led_line(line)

    def _open_container(self, kind: str, title: str, *, is_silent: bool = False) -> None:
        kind, title = kind.lower(), _plain_title(title)
        word = title or _KINDS.get(kind, "")
        self._lead = f"**{word.rstrip(' .:')}:**" if word and not is_silent else ""
        self._is_lead_alone = kind not in _KINDS

    def _led_line(self, line: str) -> Iterator[str]:
        if not self._lead or not line.strip():
            yield line
            return
        lead, self._lead = self._lead, ""
        indent = line[: len(line) - len(line.lstrip())]
        if self._is_lead_alone or _STRUCTURE.match(line):
            yield from (indent + lead, "", line)
        else:
            yield line if _LABEL.match(line) else f"{indent}{lead} {line.strip()}"


def _quoted_kind(found: re.Match[str]) -> str:
    groups = found.groupdict()
    return _EMOJI[groups["emoji"]] if "emoji" in groups else groups["kind"].lower()


def _plain_title(title: str) -> str:
    named = _NAMED_TITLE.search(title)
    if named:
        return named["title"].strip()
    title = title.strip()
    if title.startswith("[") and title.endswith("]"):
        title = title[1:-1]
    # What follows is attributes.
    return "" if title.startswith(("{", ":::")) else title.removesuffix(":::").strip().strip('"')
