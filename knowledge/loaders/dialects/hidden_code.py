"""Code in Markdown, replaced by placeholders while the text around it is rewritten."""

import re
from collections.abc import Iterator, Sequence

from knowledge.text.fences import FencedLines

# Files with a NUL are refused, so no text holds a placeholder of its own.
BLOCK = "\x00b"
_PLACEHOLDER = re.compile(r"\x00[bs](\d{1,9})\x00")
_PREFIX = re.compile(r"(?:[ \t>]|(?:[-*+]|\d{1,9}[.)])(?=[ \t]))*+")
_RUN_OR_BLANK = re.compile(r"`++|\n[ \t>]*+(?=\n)")
_ELEMENT = re.compile(r"<(?P<end>/?)(?P<name>pre|code|script|style)\b[^<>]{0,400}>", re.IGNORECASE)
_HIGHLIGHT = re.compile(r"[ \t]{0,20}\{(?:%-?|\{[<%]) {0,4}(?P<end>end|/ ?)?highlight(?P<language> [\w+#-]{1,30})?")
# What its indented lines belong to: list items, admonitions and tabs, footnotes.
_OPENS_INDENTED = re.compile(
    r"[ \t]{0,40}(?:(?:[-*+]|\d{1,9}[.)]|!!!|\?{3}\+?|===|:)[ \t]|\[\^[^\]\n]{1,50}\]:)|[ ]{0,3}<[A-Z/]"
)
# Code within a span, and that within an element.
_MOST_NESTED = 4


class HiddenCode:
    """The code of one text: fenced and indented blocks, spans between backticks, and elements of HTML."""

    def __init__(self) -> None:
        self._pieces: list[tuple[str, str]] = []

    def hide(self, text: str, *, elements: bool = False) -> str:
        """Replace all code by placeholders, which stand where it begins."""
        text = self._hide_spans("\n".join(self._hide_blocks(text.split("\n"))))
        return self._hide_elements(text) if elements else text

    def restore(self, text: str) -> str:
        """Put the code back, its lines indented or quoted as the line of the placeholder is."""
        for _ in range(_MOST_NESTED):
            if "\x00" not in text:
                break
            text = "\n".join(map(self._restore_line, text.split("\n")))
        return text.replace("\x00", "")

    def _keep(self, prefix: str, code: str, kind: str) -> str:
        self._pieces.append((prefix, code))
        return f"\x00{kind}{len(self._pieces) - 1}\x00"

    def _restore_line(self, line: str) -> str:
        begin = line.find(BLOCK)
        return _PLACEHOLDER.sub(lambda found: self._placed(found[1], line[:begin] if begin >= 0 else ""), line)

    def _placed(self, number: str, prefix: str) -> str:
        kept, code = self._pieces[int(number)]
        before, after = _continuation(kept), _continuation(prefix)
        first, *rest = code.split("\n")
        if before == after or not rest:
            return code
        return "\n".join([first, *((after + _without_prefix(line, len(before))).rstrip() for line in rest)])

    def _hide_blocks(self, lines: Sequence[str]) -> Iterator[str]:
        fences, prefix, block = FencedLines(), "", list[str]()
        indented = _IndentedCode()
        for line in lines:
            if block and ">" in prefix and not line.lstrip().startswith(">"):
                yield prefix + self._keep(prefix, "\n".join(block), "b")
                fences, block = FencedLines(), []
            found = _PREFIX.match(line)
            begin = found.end() if found else 0
            line, bare = _as_fence(line, begin if not block or ">" in prefix else 0)
            place = fences.take_line(bare)
            if place == "text":
                yield self._keep("", line, "b") if indented.take_line(line) else line
            elif block:
                block.append(line)
                if place == "fence":
                    yield prefix + self._keep(prefix, "\n".join(block), "b")
                    block = []
            else:
                prefix, block = line[:begin], [line[begin:]]
        if block:
            yield prefix + self._keep(prefix, "\n".join(block), "b")

    def _hide_spans(self, text: str) -> str:
        runs = list(_RUN_OR_BLANK.finditer(text))
        parts, read, index = [], 0, 0
        closing = _closing_runs(runs)
        while index < len(runs):
            start, last = runs[index].start(), closing[index]
            if last is None or text[start - 1 : start] == "\\":
                index += 1
                continue
            end = runs[last].end()
            parts += [text[read:start], self._keep("", text[start:end], "s")]
            read, index = end, last + 1
        return "".join([*parts, text[read:]])

    def _hide_elements(self, text: str) -> str:
        parts, read, start, name = [], 0, -1, ""
        for found in _ELEMENT.finditer(text):
            if start < 0 and not found["end"]:
                start, name = found.start(), found["name"].lower()
            elif start >= 0 and found["end"] and found["name"].lower() == name:
                parts += [text[read:start], self._keep("", text[start : found.end()], "s")]
                read, start = found.end(), -1
        return "".join([*parts, text[read:]])


class _IndentedCode:
    """A reader of lines that tells code by its indentation, which outside of lists begins behind a blank line."""

    def __init__(self) -> None:
        self._is_behind_blank = True
        self._is_code = False
        self._is_within = False

    def take_line(self, line: str) -> bool:
        """Return True for a line of code."""
        if not line.strip():
            self._is_behind_blank = True
            return False
        if _OPENS_INDENTED.match(line):
            self._is_within, self._is_code = True, False
        elif line.startswith(("    ", "\t")):
            self._is_code = not self._is_within and (self._is_code or self._is_behind_blank)
        else:
            self._is_within = self._is_within and (line.startswith(" ") or not self._is_behind_blank)
            self._is_code = False
        self._is_behind_blank = False
        return self._is_code


def _as_fence(line: str, begin: int) -> tuple[str, str]:
    """Return a line, and what of it may be a fence; a template's tag for code becomes one."""
    found = _HIGHLIGHT.match(line)
    if found:
        fence = "```" if found["end"] else f"```{(found['language'] or '').strip()}"
        return fence, fence
    return line, line[begin:]


def _closing_runs(runs: Sequence[re.Match[str]]) -> list[int | None]:
    """Return for each run of backticks the next one of its length in the same paragraph."""
    closing: list[int | None] = [None] * len(runs)
    latest: dict[int, int] = {}
    for index in range(len(runs) - 1, -1, -1):
        if runs[index][0].startswith("\n"):
            latest = {}
            continue
        length = len(runs[index][0])
        closing[index] = latest.get(length)
        latest[length] = index
    return closing


def _continuation(prefix: str) -> str:
    """Return what stands before the later lines of a block: quote marks stay, a list's marker becomes spaces."""
    return "".join(character if character in " \t>" else " " for character in prefix)


def _without_prefix(line: str, length: int) -> str:
    return line[:length].lstrip(" \t>") + line[length:]
