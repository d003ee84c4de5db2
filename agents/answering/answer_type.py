"""The type of answer that a question wants, as far as its words tell: a time, an amount of money, a number."""

import re
from collections.abc import Callable

_TIME_ASKED = (
    r"how (?:long|soon|fast|quick\w*|often|old)|when|how many (?:days|hours|minutes|weeks|months|years)|deadline"
)
# Every quantifier is bounded: documents may hold anything.
_TIME = (
    r"(?<!\d)\d[\d.,]{0,12}\s?(?:[a-z]{1,15}\s)?(?:seconds?|minutes?|min|hours?|h|days?|weeks?|months?|years?)\b"
    r"|immediately|at once"
)
_MONEY_ASKED = r"how much|cost|costs|price|pricing|expensive|fee|fees|charge\w* for|pay for"
_MONEY = r"(?<!\d)\d[\d.,]{0,12}\s?(?:usd|eur|gbp|%)|[$\u20ac\u00a3]\s*\d|\bfree\b"
_NUMBER_ASKED = r"how (?:many|large|big|small)|limit|limits|max\w*|minimum|size"
_NUMBER = r"\d"

_KINDS = tuple(
    (re.compile(rf"\b(?:{asked})\b", re.IGNORECASE), re.compile(answer, re.IGNORECASE))
    for asked, answer in ((_TIME_ASKED, _TIME), (_MONEY_ASKED, _MONEY), (_NUMBER_ASKED, _NUMBER))
)


def wanted(question: str) -> Callable[[str], bool]:
    """Return a test for texts that hold the wanted type of answer; none passes if the question does not say."""
    patterns = [answer for asked, answer in _KINDS if asked.search(question)]
    return lambda text: any(pattern.search(text) for pattern in patterns)
