"""Read labelled files line by line: every error names the file and the line."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

from pydantic import BaseModel, ValidationError

from knowledge.errors import QuestionsInvalid

M = TypeVar("M", bound=BaseModel)

MAX_LINE_BYTES = 4_000_000


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not empty, with their numbers; never more than one of them in memory."""
    try:
        with path.open("rb") as file:
            yield from _decode_lines(path, file)
    except OSError as error:
        raise QuestionsInvalid(f"{path} cannot be read: {error.strerror}") from error


def read_objects(path: Path, model: type[M]) -> Iterator[tuple[int, M]]:
    """Yield the JSON objects of a file with one per line, validated, with their line numbers."""
    for number, line in read_lines(path):
        try:
            yield number, model.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise line_error(path, number, f"{where} {first['msg']}".strip()) from error


def line_error(path: Path, number: int, what: str) -> QuestionsInvalid:
    """Return the error for a broken line."""
    return QuestionsInvalid(f"{path}, line {number}: {what}")


def _decode_lines(path: Path, file: BinaryIO) -> Iterator[tuple[int, str]]:
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise line_error(path, number, f"longer than {MAX_LINE_BYTES:,} bytes")
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError as error:
            raise line_error(path, number, f"not UTF-8 text (byte {error.start})") from error
        if text:
            yield number, text
