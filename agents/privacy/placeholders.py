"""What stands for personal data in a prompt: `[EMAIL_1]`, and how models alter it when they write it again."""

import re
from typing import NamedTuple

from agents.privacy.detection import PersonalData

_KINDS = "|".join(kind.upper() for kind in PersonalData)
_SPACE = "[ \u00a0]?"
# Markdown escapes the underscore; some models write a hyphen or a space for it. Longer numbers are nobody's.
_GAP = rf"{_SPACE}(?:\\{{0,2}}_|[ \u00a0\u2010-\u2013-]){_SPACE}"
# Within JSON an escape has two backslashes; of three the first belongs to something else.
_OPEN, _CLOSE = r"(?:(?<!\\)\\{1,2})?[\[{\u3010\uff3b]", r"\\{0,2}[\]}\u3011\uff3d]"
# In brackets much is forgiven; without them, `Email 1` may be anything, and only the underscore tells.
PLACEHOLDER = re.compile(
    rf"{_OPEN}{_SPACE}(?P<kind>{_KINDS}){_GAP}(?P<number>\d{{1,6}}){_SPACE}{_CLOSE}"
    rf"|(?<![^\W_])(?P<bare_kind>{_KINDS})\\{{0,2}}_(?P<bare_number>\d{{1,6}})(?![^\W_])",
    re.IGNORECASE,
)
# A bracket that was opened and never closed, because the text ends.
UNCLOSED = re.compile(
    rf"{_OPEN}{_SPACE}(?P<kind>{_KINDS}){_GAP}(?P<number>\d{{1,6}}){_SPACE}\\{{0,2}}\Z", re.IGNORECASE
)
# A text whose end may be the beginning of a placeholder.
_BEGUN_KINDS = "|".join(sorted({kind.upper()[:size] for kind in PersonalData for size in range(1, len(kind))}))
_BEGUN_NUMBER = rf"{_SPACE}(?:\\{{0,2}}_?|[ \u00a0\u2010-\u2013-]){_SPACE}\d{{0,6}}"
BEGUN = re.compile(
    rf"(?:{_OPEN}{_SPACE}(?:{_BEGUN_KINDS}|(?:{_KINDS}){_BEGUN_NUMBER}{_SPACE}\\{{0,2}})?"
    rf"|(?<!\\)\\{{1,2}}"
    rf"|(?<![^\W_])(?:{_BEGUN_KINDS}|(?:{_KINDS})(?:\\{{0,2}}(?:_\d{{0,6}})?)))\Z",
    re.IGNORECASE,
)
# The longest that a model may write: brackets, spaces and escapes with it.
LONGEST = 32


class Placeholder(NamedTuple):
    """One of the values of a kind that stand in a prompt, counted from 1."""

    kind: PersonalData
    number: int

    def __str__(self) -> str:
        return f"[{self.kind.upper()}_{self.number}]"


def placeholder_of(match: re.Match[str]) -> Placeholder:
    """The placeholder that was matched."""
    kind, number = (text for text in match.groups() if text)
    return Placeholder(PersonalData(kind.lower()), int(number))
