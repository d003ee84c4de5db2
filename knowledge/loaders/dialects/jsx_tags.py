"""The tags of components (JSX) in a text, with their properties."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_OPENING = re.compile(r"(?<!<)<(?P<end>/?)(?P<name>[A-Z][\w.]{0,60}|(?=>))")
_PROPERTY = re.compile(
    r"\s{0,200}(?P<name>[A-Za-z_][\w:-]{0,60})(?:\s{0,9}=\s{0,9}(?:\"(?P<double>[^\"<]{0,2000}+)\"|'(?P<single>[^'<]{0,2000}+)'|(?=\{)))?"
)
_CLOSING = re.compile(r"\s{0,200}(?P<empty>/?)>")
_QUOTED_OR_BRACKET = re.compile(r"(?<=[\s\[({,:=])(?:\"(?:[^\"\\\n]|\\.){0,2000}+\"|'(?:[^'\\\n]|\\.){0,2000}+')|[{}]")
_MOST_PROPERTIES = 60
# The most characters of one property.
_MOST_CHARS = 60_000


@dataclass(frozen=True)
class JsxTag:
    """A tag with its properties: texts, and expressions within their braces. The tag of a fragment has no name."""

    name: str
    start: int
    end: int
    properties: dict[str, str] = field(default_factory=dict)
    is_end: bool = False
    is_empty: bool = False

    def text_of(self, *names: str) -> str:
        """Return the first of these properties that is a text."""
        for name in names:
            value = self.properties.get(name, "")
            if value.startswith("{"):
                value = value[1:-1].strip()
                value = value[1:-1] if value[:1] in "\"'" else ""
            if value.strip():
                return " ".join(value.split())
        return ""


class JsxReader:
    """A reader of the tags of one text. What it reads in vain is limited by the text's length."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._spare = len(text) + _MOST_CHARS

    def tags(self) -> Iterator[JsxTag]:
        """Yield the tags in order."""
        read = 0
        for found in _OPENING.finditer(self._text):
            if found.start() < read:
                continue
            tag = self._read_tag(found)
            if tag:
                read = tag.end
                yield tag

    def _read_tag(self, found: re.Match[str]) -> JsxTag | None:
        properties: dict[str, str] = {}
        place = found.end()
        while len(properties) < _MOST_PROPERTIES and (given := _PROPERTY.match(self._text, place)):
            place = given.end()
            value = given["double"] if given["double"] is not None else given["single"] or ""
            if self._text.startswith("{", place) and given[0].rstrip().endswith("="):
                end = self.end_of_braces(place)
                if end < 0:
                    return None
                value, place = self._text[place:end], end
            properties[given["name"]] = value
        closing = _CLOSING.match(self._text, place)
        if not closing:
            return None
        return JsxTag(
            found["name"], found.start(), closing.end(), properties, bool(found["end"]), bool(closing["empty"])
        )

    def end_of_braces(self, start: int) -> int:
        """Return the place behind the brace that closes the one at `start`, or -1."""
        depth, last = 0, min(len(self._text), start + min(_MOST_CHARS, self._spare))
        for found in _QUOTED_OR_BRACKET.finditer(self._text, start, last):
            depth += {"{": 1, "}": -1}.get(found[0], 0)
            if depth == 0 and found[0] == "}":
                self._spare -= found.end() - start
                return found.end()
        self._spare -= last - start
        return -1
