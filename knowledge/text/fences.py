"""Code in Markdown: lines between fences of backticks or tildes, and spans between equal runs of backticks.

A text is read line by line where it is whole, and run by run while a model still writes it.
"""

import re
from typing import Literal

LinePlace = Literal["text", "fence", "code"]

# For patterns of other modules, which look for code among other things.
RUN = r"`+|~{3,}"
# A run at the end of a text that goes on: it may become longer.
BEGUN_RUN = r"(?<!`)`+|(?<!~)~+"

_FENCE_CHARS = 3
# Behind backticks that begin a fence no others follow in its line: those would make a span of code.
_FENCE = re.compile(r"\s*+(?P<run>`{3,}+(?=[^`]*\Z)|~{3,}+)")


class FencedLines:
    """A reader of lines that tells fenced code from the text around it. A fence that is not closed goes on to the end.

    Fences are found at any indentation, as in lists, and a closing one may be followed by text, as models write it.
    """

    def __init__(self) -> None:
        self._open = ""

    def take_line(self, line: str) -> LinePlace:
        """Return the place of the next line: in the text, in the code, or the fence itself."""
        found = _FENCE.match(line)
        if found and (not self._open or found["run"].startswith(self._open)):
            self._open = "" if self._open else found["run"]
            return "fence"
        return "code" if self._open else "text"


class StreamedCode:
    """A reader of a text in pieces that tells whether it is within code: a fence, or a span between equal runs."""

    def __init__(self) -> None:
        self._open = ""
        self._line_is_blank = True

    @property
    def is_open(self) -> bool:
        """True within code."""
        return bool(self._open)

    def take_text(self, text: str) -> None:
        """Take a piece without runs and line ends."""
        if text.strip(" \t"):
            self._line_is_blank = False

    def take_run(self, run: str) -> None:
        """Take a whole run of backticks or tildes. At the beginning of a line a longer one closes a fence too."""
        closes_fence = len(self._open) >= _FENCE_CHARS and self._line_is_blank and run.startswith(self._open)
        if not self._open:
            self._open = run
        elif run == self._open or closes_fence:
            self._open = ""
        self._line_is_blank = False

    def end_line(self) -> None:
        """Take the end of a line. A span of code does not reach beyond its paragraph; a fence does."""
        if self._line_is_blank and len(self._open) < _FENCE_CHARS:
            self._open = ""
        self._line_is_blank = True
