"""The loader of question-answer pairs and titled texts: JSON Lines, or a table with such columns."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from knowledge.errors import DocumentUnreadable
from knowledge.loaders.text import LoadedText, decode, title_from_name

_QUESTION = ("question", "q", "query", "prompt", "instruction", "input", "user")
_ANSWER = ("answer", "a", "answers", "response", "reply", "completion", "output", "assistant")
_TITLE = ("title", "heading", "topic", "subject", "category", "name")
_TEXT = ("text", "content", "body", "passage", "description", "contents")

# Comments in code stay as they are; headings within a record's text move below the record's own heading.
_CODE_OR_HEADING = re.compile(r"^```.*?^```|^(?P<hashes>#{1,6})(?=\s)", re.MULTILINE | re.DOTALL)
_HEADING_LEVELS = 6


def load(data: bytes, name: str) -> LoadedText:
    """Load a section for each record, headed by its question or its title; title the document after its name."""
    return LoadedText(title_from_name(name), _sections(_records(decode(data))))


def of_table(rows: Sequence[Sequence[str]]) -> str | None:
    """Return the sections of a table whose header names a question and an answer, or None for any other table."""
    names = [cell.strip().lower() for cell in rows[0]] if rows else []
    if not (_first(names, _QUESTION[:3]) and _first(names, _ANSWER[:3])):
        return None
    return _sections((f"row {number}", dict(zip(names, row, strict=False))) for number, row in enumerate(rows[1:], 2))


def _records(text: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    # Not splitlines(): JSON strings may hold characters that Unicode treats as line ends.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DocumentUnreadable(f"line {number} is not JSON: {error}; each line must hold one record") from error
        if not isinstance(record, dict):
            raise DocumentUnreadable(f"line {number} is no record in braces; each line must hold one")
        yield f"line {number}", {key.strip().lower(): value for key, value in record.items()}


def _sections(records: Iterable[tuple[str, Mapping[str, object]]]) -> str:
    parts: list[str] = []
    above = ""
    for place, record in records:
        title, question, answer = (_value(record, names) for names in (_TITLE, _QUESTION, _ANSWER))
        text = _value(record, _TEXT)
        if question and answer:
            if title and title != above:
                parts.append(f"## {_line(title)}")
            parts.append(f"{'###' if title else '##'} {_line(question)}\n\n{_below(answer)}")
            above = title
        elif text:
            parts.append(f"## {_line(title)}\n\n{_below(text)}" if title else _below(text))
            above = ""
        elif not (_first(record, _TEXT) or (_first(record, _QUESTION) and _first(record, _ANSWER))):
            raise DocumentUnreadable(f"{place} has neither a question and an answer nor a text; name its fields so")
    return "\n\n".join(parts)


def _value(record: Mapping[str, object], names: Sequence[str]) -> str:
    value = record.get(_first(record, names) or "")
    if isinstance(value, list):
        return "\n\n".join(str(item).strip() for item in value if isinstance(item, str | int | float))
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _first(known: Iterable[str], names: Sequence[str]) -> str | None:
    known = set(known)
    return next((name for name in names if name in known), None)


def _line(text: str) -> str:
    return " ".join(text.split())


def _below(text: str) -> str:
    def lowered(found: re.Match[str]) -> str:
        hashes = found["hashes"]
        return "#" * min(len(hashes) + 3, _HEADING_LEVELS) if hashes else found[0]

    return _CODE_OR_HEADING.sub(lowered, text.replace("\r\n", "\n"))
