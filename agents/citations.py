"""Source numbers in what a chat model writes: turned into those of the whole answer, or dropped if they name nothing.

A model always sees its evidence numbered from 1, so that the same documents make the same prompt.
"""

import re

# `[3]` or `[1, 4]`; longer brackets are no citations.
_CITATION = re.compile(r"\[(\d{1,3}(?:, ?\d{1,3}){0,5})\]")
_BEGUN = re.compile(r"\[[\d, ]{0,28}\Z")


class Citations:
    """Reads a text as it is written. What stands between backticks is code and is left alone."""

    def __init__(self, first: int, count: int) -> None:
        self._shift = first - 1
        self._count = count
        self._held = ""
        self._in_code = False

    def hear(self, text: str) -> str:
        """The text so far, as far as it is certain."""
        text = self._held + text
        begun = _BEGUN.search(text)
        end = begun.start() if begun else len(text)
        self._held = text[end:]
        return self._read(text[:end])

    def end(self) -> str:
        """What was held back."""
        held, self._held = self._held, ""
        return self._read(held)

    def _read(self, text: str) -> str:
        pieces = text.split("`")
        for index, piece in enumerate(pieces):
            if index:
                self._in_code = not self._in_code
            if not self._in_code:
                pieces[index] = _CITATION.sub(self._renumber, piece)
        return "`".join(pieces)

    def _renumber(self, citation: re.Match[str]) -> str:
        known = [number for found in citation[1].split(",") if 1 <= (number := int(found)) <= self._count]
        return f"[{', '.join(str(number + self._shift) for number in known)}]" if known else ""
