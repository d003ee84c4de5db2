"""The type of answer that a question wants, as far as its words tell: a time, an amount of money, a number."""

from collections.abc import Callable

from knowledge.text.language import Language
from knowledge.text.languages.english import ENGLISH


def wanted_type(question: str, language: Language = ENGLISH) -> Callable[[str], bool]:
    """Return a test for texts that hold the wanted type of answer; none passes if the question does not say."""
    patterns = [known.answer for known in language.answer_types if known.question.search(question)]
    return lambda text: any(pattern.search(text) for pattern in patterns)
