"""Recognize a model's own "the documents do not say": it counts as not known, like the desk's."""

from knowledge.text.citation_markers import without_markers
from knowledge.text.language import Language
from knowledge.text.languages.english import ENGLISH
from knowledge.text.sentences import find_statements

# A longer answer says something beside it.
_MOST_STATEMENTS = 4


def says_not_known(answer: str, language: Language = ENGLISH) -> bool:
    """Return True if an answer cites nothing and begins with a sentence that something is not known."""
    if without_markers(answer) != answer:
        return False
    stated = find_statements(answer)
    return 0 < len(stated) <= _MOST_STATEMENTS and language.no_claim.search(stated[0].text) is not None
