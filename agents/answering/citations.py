"""Citations in a chat model's text: renumbered for the whole answer, or dropped if they name no source.

A model always sees its evidence numbered from 1, so that the same documents make the same prompt.
"""

import re

# `[3]` or `[1, 4]`; longer brackets are no citations.
_CITATION = r"\[\d{1,3}(?:, ?\d{1,3}){0,5}\]"
_TOKEN = re.compile(rf"{_CITATION}|`+|~{{3,}}|\n")
# A token that may go on in the next piece of the text.
_BEGUN = re.compile(r"(?:\[[\d, ]{0,28}|(?<!`)`+|(?<!~)~+)\Z")


class CitationParser:
    """Renumbers citations in streamed text. Code is left alone: between equal runs of backticks, or of tildes."""

    def __init__(self, first: int, count: int) -> None:
        self.numbers = list(range(first, first + count))
        self._held = ""
        self._code = ""
        self._line_is_empty = False

    def show(self, number: int) -> int:
        """Add a source of the whole answer to those that the model sees, and return its number there."""
        self.numbers.append(number)
        return len(self.numbers)

    def hear(self, text: str) -> str:
        """Return the text so far, as far as it is certain."""
        text = self._held + text
        begun = _BEGUN.search(text)
        end = begun.start() if begun else len(text)
        self._held = text[end:]
        return self._read(text[:end])

    def end(self) -> str:
        """Return the text that was held back."""
        held, self._held = self._held, ""
        return self._read(held)

    def _read(self, text: str) -> str:
        pieces, place = [], 0
        for token in _TOKEN.finditer(text):
            self._pass(text[place : token.start()])
            pieces += [text[place : token.start()], self._take(token[0])]
            place = token.end()
        self._pass(text[place:])
        return "".join([*pieces, text[place:]])

    def _pass(self, text: str) -> None:
        if text.strip(" \t"):
            self._line_is_empty = False

    def _take(self, token: str) -> str:
        if token.isspace():
            # An unclosed backtick does not reach beyond its paragraph; a fence does.
            if self._line_is_empty and len(self._code) < 3:
                self._code = ""
            self._line_is_empty = True
            return token
        self._line_is_empty = False
        if token[0] in "`~":
            self._code = token if not self._code else "" if self._code == token else self._code
            return token
        return token if self._code else self._renumbered(token)

    def _renumbered(self, citation: str) -> str:
        named = [int(found) for found in citation[1:-1].split(",")]
        known = [str(self.numbers[number - 1]) for number in named if 1 <= number <= len(self.numbers)]
        return f"[{', '.join(known)}]" if known else ""
