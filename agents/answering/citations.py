"""Citations in a chat model's text: renumbered for the whole answer, or dropped if they name no source.

A model always sees its evidence numbered from 1, so that the same documents make the same prompt.
"""

import re

from knowledge.text.citation_markers import BEGUN_MARKER, MARKER, read_marker, write_marker
from knowledge.text.fences import BEGUN_RUN, RUN, StreamedCode

_MARK = re.compile(rf"{MARKER}|{RUN}|\n")
# A mark that may go on in the next piece of the text.
_BEGUN = re.compile(rf"(?:{BEGUN_MARKER}|{BEGUN_RUN})\Z")


class CitationParser:
    """A parser that renumbers the citations in streamed text. Code is left alone."""

    def __init__(self, first: int, count: int) -> None:
        self.numbers = list(range(first, first + count))
        self._held = ""
        self._code = StreamedCode()

    def add_source(self, number: int) -> int:
        """Add a source of the whole answer to those that the model sees, and return its number there."""
        self.numbers.append(number)
        return len(self.numbers)

    def hear(self, text: str) -> str:
        """Return the text so far, as far as it is certain."""
        text = self._held + text
        begun = _BEGUN.search(text)
        end = begun.start() if begun else len(text)
        self._held = text[end:]
        return self._with_new_numbers(text[:end])

    def end(self) -> str:
        """Return the text that was held back."""
        held, self._held = self._held, ""
        return self._with_new_numbers(held)

    def _with_new_numbers(self, text: str) -> str:
        pieces, place = [], 0
        for mark in _MARK.finditer(text):
            self._code.take_text(text[place : mark.start()])
            pieces += [text[place : mark.start()], self._take_mark(mark[0])]
            place = mark.end()
        self._code.take_text(text[place:])
        return "".join([*pieces, text[place:]])

    def _take_mark(self, mark: str) -> str:
        if mark == "\n":
            self._code.end_line()
        elif mark[0] == "[":
            self._code.take_text(mark)
            return mark if self._code.is_open else self._renumber_marker(mark)
        else:
            self._code.take_run(mark)
        return mark

    def _renumber_marker(self, marker: str) -> str:
        known = [self.numbers[number - 1] for number in read_marker(marker) if 1 <= number <= len(self.numbers)]
        return write_marker(known) if known else ""
