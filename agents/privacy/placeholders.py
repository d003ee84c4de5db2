"""Placeholders for personal data in a prompt, such as `[EMAIL_1]`, and the ways in which models alter them."""

import re
from typing import NamedTuple

from agents.privacy.detection import PersonalData

# Without the ASCII flag, ignoring case lets letters of other scripts match some of these.
_KINDS = f"(?ai:{'|'.join(PersonalData)})"
_SPACE = "[ \u00a0]?"
# Markdown escapes the underscore; some models write a hyphen or a space for it. Longer numbers do not occur.
_GAP = rf"{_SPACE}(?:\\{{0,2}}_|[ \u00a0\u2010-\u2013-])?{_SPACE}"
# Within JSON an escape has two backslashes; of three the first belongs to something else.
_OPEN, _CLOSE = r"(?:(?<!\\)\\{1,2})?[\[{\u3010\uff3b]", r"\\{0,2}[\]}\u3011\uff3d]"
# Underscores around a word are Markdown, within one they belong to it.
_WORD_BEGINS = r"(?<![^\W_])(?<![^\W_]_)"
# In brackets much is forgiven; without them, `Email 1` may be anything, and only the underscore tells.
PLACEHOLDER = re.compile(
    rf"{_OPEN}{_SPACE}(?P<kind>{_KINDS}){_GAP}(?P<number>[0-9]{{1,6}}){_SPACE}{_CLOSE}"
    rf"|{_WORD_BEGINS}(?P<bare_kind>{_KINDS})\\{{0,2}}_(?P<bare_number>[0-9]{{1,6}})(?![^\W_])",
)
# A bracket that was opened and never closed, because the text ends.
UNCLOSED = re.compile(rf"{_OPEN}{_SPACE}(?P<kind>{_KINDS}){_GAP}(?P<number>[0-9]{{1,6}}){_SPACE}\\{{0,2}}\Z")
# A text whose end may be the beginning of a placeholder.
_BEGUN_KINDS = f"(?ai:{'|'.join(sorted({kind[:size] for kind in PersonalData for size in range(1, len(kind))}))})"
_BEGUN_NUMBER = rf"{_SPACE}(?:\\{{0,2}}_?|[ \u00a0\u2010-\u2013-]){_SPACE}[0-9]{{0,6}}"
BEGUN = re.compile(
    rf"(?:{_OPEN}{_SPACE}(?:{_BEGUN_KINDS}|{_KINDS}{_BEGUN_NUMBER}{_SPACE}\\{{0,2}})?"
    rf"|(?<!\\)\\{{1,2}}"
    rf"|{_WORD_BEGINS}(?:{_BEGUN_KINDS}|{_KINDS}(?:\\{{0,2}}(?:_[0-9]{{0,6}})?)))\Z",
)
# How many characters in front say whether a word begins.
CONTEXT = 2
# The longest that a model may write: brackets, spaces and escapes with it.
LONGEST = 32


class Placeholder(NamedTuple):
    """A placeholder for one value of a kind, numbered from 1."""

    kind: PersonalData
    number: int

    def __str__(self) -> str:
        return f"[{self.kind.upper()}_{self.number}]"


def placeholder_of(match: re.Match[str]) -> Placeholder:
    """Return the placeholder that was matched."""
    kind, number = (text for text in match.groups() if text)
    return Placeholder(PersonalData(kind.lower()), int(number))
