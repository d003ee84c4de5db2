"""Attributes, anchors and marks for tables of contents, which are for a site's generator and not for a reader."""

import re
from collections.abc import Iterator, Sequence

_ALONE = re.compile(r"[ \t>]{0,40}\{:?[ \t]{0,9}[.#:\w][^{}\n]{0,300}\}[ \t]*+$")
_KIND = re.compile(
    r"[ \t]{0,40}\{:?[ \t]{0,9}\.(?P<kind>note|tip|info|important|warning|caution|danger|hint)"
    r"(?:-title)?[ \t]{0,9}\}[ \t]*+$"
)
_AT_END = re.compile(
    r"[ \t]{0,9}(?:\{:[^{}\n]{0,300}\}|\{[ \t]{0,9}#[\w:.-][^{}\n]{0,300}\}|\{/\*[^{}\n]{0,300}\*/\})[ \t]*+$",
    re.MULTILINE,
)
_AT_END_OF_HEADING = re.compile(
    r"^(?P<heading>[ \t]{0,3}#{1,6}[ \t][^\n{]*+(?:\{(?!-\}|[.#:])[^\n{]*+)*+)\{(?:-|[.#:][^{}\n]{0,300})\}[ \t#]*+$",
    re.MULTILINE,
)
_WITHIN = re.compile(r"(?<=[)\]*_`\x00])\{(?::|[ \t]{0,9}[.#][\w-]|[ \t]{0,9}[\w-]{1,40}=)[^{}\n]{0,300}\}")
_ANCHOR = re.compile(
    r"<a\b(?![^<>]{0,400}\bhref)[^<>]{0,400}(?:/>|>\s{0,9}</a>)|<a\b[^<>]{0,400}>\s{0,9}</a>", re.IGNORECASE
)
_PERMALINK = re.compile(
    "[ \t]{0,9}\\[(?:[#¶§🔗\u200b\\s]|&#x200b;|&ZeroWidthSpace;){0,4}\\]"
    '\\(#[^\\s()]{0,300}(?:[ \t]{1,9}"[^"\\n]{0,300}")?\\)'
)
_TOC = re.compile(
    r"[ \t]{0,40}(?:\[\[?_?toc_?\]\]?|@\[toc\](?:\([^()\n]{0,100}\))?|\$\{toc\}|\\?\[\\?\[_TOC_\\?\]\\?\]|"
    r"<TOCInline[^<>\n]{0,100}/>|\{toc\}|__TOC__)[ \t]*+$",
    re.IGNORECASE,
)
_ITEM = re.compile(r"[ \t]{0,40}(?:[-*+]|\d{1,9}[.)])[ \t]")
_DEFINITION = re.compile(r"[ \t]{0,3}:[ \t]{1,9}(?P<text>\S[^\n]*)")
_TERM = re.compile(r"[ \t]{0,3}[^\s#>|<:*+{\[-][^\n]{0,120}$")
_WRAPPER = re.compile(
    r"<(?P<name>div|section|article|aside|main|details|center|figure|span|p)\b[^<>]{0,400}\bmarkdown(?:=[\"']?\w{1,9}[\"']?)?[^<>]{0,400}+>|"
    r"</?(?:details)\b[^<>]{0,400}>|<(?P<end>/)(?P<ended>div|section|article|aside|main|center|figure|span|p)\s{0,9}>",
    re.IGNORECASE,
)
_SUMMARY = re.compile(
    r"<summary\b[^<>]{0,400}>(?P<text>(?:[^<]|<(?!/?summary\b)){0,1000}+)</summary\s{0,9}>", re.IGNORECASE
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,400}>")

# A term, a blank line behind it and one before it.
_LINES_HELD = 3


def rewrite(text: str) -> str:
    """Remove attributes, anchors, tables of contents and the wrappers of Markdown; write definitions as paragraphs."""
    text = _without_wrappers(_SUMMARY.sub(_bold_line, text))
    text = _PERMALINK.sub("", _ANCHOR.sub("", text))
    text = "\n".join(_read_lines(text.split("\n")))
    text = _AT_END_OF_HEADING.sub(lambda found: found["heading"].rstrip(), text)
    return _WITHIN.sub("", _AT_END.sub("", text))


def _bold_line(found: re.Match[str]) -> str:
    summary = " ".join(_TAG.sub("", found["text"]).split()).strip("*: ")
    return f"\n\n**{summary}**\n\n" if summary else "\n\n"


def _without_wrappers(text: str) -> str:
    """Remove the elements that say of themselves that they hold Markdown, and details, which do."""
    opened: dict[str, int] = {}

    def remove(found: re.Match[str]) -> str:
        if found["name"]:
            opened[found["name"].lower()] = opened.get(found["name"].lower(), 0) + 1
        elif found["end"]:
            name = found["ended"].lower()
            if not opened.get(name):
                return found[0]
            opened[name] -= 1
        return ""

    return _WRAPPER.sub(remove, text)


def _read_lines(lines: Sequence[str]) -> Iterator[str]:
    before: list[str] = []
    for line in lines:
        # What is further back is not changed any more.
        while len(before) > _LINES_HELD:
            yield before.pop(0)
        if _TOC.match(line):
            continue
        if _ALONE.match(line):
            kind = _KIND.match(line)
            if kind and not (before and before[-1].strip()):
                before.append(f":::{kind['kind']}")
            elif "toc}" in line.replace(" ", "") and before and _ITEM.match(before[-1]):
                before.pop()
            continue
        definition = _DEFINITION.match(line) if before else None
        if definition:
            _define(before, definition["text"])
            continue
        before.append(line)
    yield from before


def _define(before: list[str], text: str) -> None:
    """Put a definition behind its term, or, if it is a further one of the same term, into a paragraph of its own."""
    blank = before.pop() if len(before) > 1 and not before[-1].strip() else None
    if _TERM.match(before[-1]) and (len(before) < 2 or not before[-2].strip()):
        term = before.pop().strip().strip("*")
        before += [f"**{term}:** {text}", ""]
    else:
        before += [*([] if blank is None else [blank]), "", text, ""]
