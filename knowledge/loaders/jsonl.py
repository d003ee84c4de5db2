"""The loader of question-answer pairs and titled texts: JSON Lines, or a table with such columns."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from knowledge.errors import DocumentUnreadable
from knowledge.loaders.text import LoadedText, decode_text, title_from_name
from knowledge.text.fences import FencedLines

_QUESTION = ("question", "q", "query", "prompt", "instruction", "input", "user")
_ANSWER = ("answer", "a", "answers", "response", "reply", "completion", "output", "assistant")
_TITLE = ("title", "heading", "topic", "subject", "category", "name")
_TEXT = ("text", "content", "body", "passage", "description", "contents")

_HEADING = re.compile(r"#{1,6}(?=\s)")
_HEADING_LEVELS = 6


def load(data: bytes, name: str) -> LoadedText:
    """Load a section for each record, headed by its question or its title; title the document after its name."""
    return LoadedText(title_from_name(name), _write_sections(_read_records(decode_text(data))))


def of_table(rows: Sequence[Sequence[str]]) -> str | None:
    """Return the sections of a table whose header names a question and an answer, or None for any other table."""
    names = [cell.strip().lower() for cell in rows[0]] if rows else []
    if not (_first_known(names, _QUESTION[:3]) and _first_known(names, _ANSWER[:3])):
        return None
    return _write_sections(
        (f"row {number}", dict(zip(names, row, strict=False))) for number, row in enumerate(rows[1:], 2)
    )


def _read_records(text: str) -> Iterator[tuple[str, Mapping[str, object]]]:
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


def _write_sections(records: Iterable[tuple[str, Mapping[str, object]]]) -> str:
    parts: list[str] = []
    above = ""
    for place, record in records:
        title, question, answer = (_field_value(record, names) for names in (_TITLE, _QUESTION, _ANSWER))
        text = _field_value(record, _TEXT)
        if question and answer:
            if title and title != above:
                parts.append(f"## {_as_line(title)}")
            parts.append(f"{'###' if title else '##'} {_as_line(question)}\n\n{_below_heading(answer)}")
            above = title
        elif text:
            parts.append(f"## {_as_line(title)}\n\n{_below_heading(text)}" if title else _below_heading(text))
            above = ""
        elif not (_first_known(record, _TEXT) or (_first_known(record, _QUESTION) and _first_known(record, _ANSWER))):
            raise DocumentUnreadable(f"{place} has neither a question and an answer nor a text; name its fields so")
    return "\n\n".join(parts)


def _field_value(record: Mapping[str, object], names: Sequence[str]) -> str:
    value = record.get(_first_known(record, names) or "")
    if isinstance(value, list):
        return "\n\n".join(str(item).strip() for item in value if isinstance(item, str | int | float))
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _first_known(known: Iterable[str], names: Sequence[str]) -> str | None:
    known = set(known)
    return next((name for name in names if name in known), None)


def _as_line(text: str) -> str:
    return " ".join(text.split())


def _below_heading(text: str) -> str:
    """Move the headings of a record's text below the record's own; comments in code are none."""
    fences = FencedLines()
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(_lower_heading(line) if fences.take_line(line) == "text" else line for line in lines)


def _lower_heading(line: str) -> str:
    # A heading without text ends with its line.
    found = _HEADING.match(f"{line}\n")
    return line if found is None else "#" * min(found.end() + 3, _HEADING_LEVELS) + line[found.end() :]
