"""Tables that a component is given as arrays: `headers={["Plan"]} rows={[["Starter"]]}`."""

import re
from collections.abc import Iterator, Mapping

from knowledge.loaders.markdown_table import to_markdown

_HEADERS = ("headers", "header", "columns", "head")
_ROWS = ("rows", "data", "body", "items")
_TOKEN = re.compile(r"\"(?:[^\"\\\n]|\\.)*+\"|(?<![\w])'(?:[^'\\\n]|\\.)*+'(?=\s{0,9}[,\]}])|</?>?|/?>|[\[\]{}(),]")
# A comma within brackets or within an element separates nothing. What ends a tag's name does not matter.
_DEPTHS = {"[": 1, "(": 1, "{": 1, "<": 1, "<>": 1, "]": -1, ")": -1, "}": -1, "</": -1, "</>": -1, "/>": -1}
_ESCAPE = re.compile(r"\\(.)")
_FRAGMENT = re.compile(r"</?>")


def table_of(properties: Mapping[str, str]) -> str:
    """Return the table of a component's properties as Markdown, or an empty string."""
    header = next((list(_cells(properties[name])) for name in _HEADERS if name in properties), [])
    array = next((properties[name] for name in _ROWS if name in properties), "")
    rows = [list(_cells(row)) for row in _elements(array) if row.startswith("[")]
    if not header or not rows:
        return ""
    return to_markdown([header, *rows])


def _cells(array: str) -> Iterator[str]:
    for element in _elements(array):
        is_string = len(element) > 1 and element[0] == element[-1] and element[0] in "\"'"
        yield _ESCAPE.sub(r"\1", element[1:-1]) if is_string else _FRAGMENT.sub("", element)


def _elements(array: str) -> Iterator[str]:
    """Yield the elements of an array, which may be in braces, split at the commas that are not within one of them."""
    array = array.strip()
    if array.startswith("{"):
        array = array[1:-1].strip()
    if not (array.startswith("[") and array.endswith("]")):
        return
    inside, depth, begin = array[1:-1], 0, 0
    for found in _TOKEN.finditer(inside):
        mark = found[0]
        if mark == "," and depth == 0:
            yield inside[begin : found.start()].strip()
            begin = found.end()
        depth += _DEPTHS.get(mark, 0)
    if inside[begin:].strip():
        yield inside[begin:].strip()
