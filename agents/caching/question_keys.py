"""The keys under which a question is found again: one for the same text, one for the same words said otherwise.

Two questions that ask different things must not have the same key, so that a word counts unless it is known not to: its
order, its number and its sign too. That two questions that ask the same have different keys costs one answer.
"""

import hashlib
import re
import unicodedata
from typing import NamedTuple

from knowledge.text import words
from knowledge.text.language import Language
from knowledge.text.languages.english import ENGLISH

# A word, the sign of a number, or a symbol that may be part of a name: C++, 5 %.
_TOKEN = re.compile(r"[^\W_]+(?:[.,'][^\W_]+)*|(?<!\w)[-–](?=\d)|[^\w\s.,;:!?'\"()\[\]…“”–—/-]")
_ENDS = " .?!"
_LONGEST_CONDITION = 80
_SHORTEST_PLURAL = 4
_NO_PLURALS = ("ss", "us", "is")


class QuestionKeys(NamedTuple):
    """The keys of a question."""

    exact: str
    similar: str


def keys_of(question: str, language: Language = ENGLISH) -> QuestionKeys:
    """Return the keys of a question in a language, which is that of its answer.

    White space, the punctuation at its end and most capitals count in neither.
    """
    text = " ".join(unicodedata.normalize("NFKC", question).replace("’", "'").split()).rstrip(_ENDS)
    exact = _TOKEN.sub(lambda match: _in_lower_case(match[0], match.start()), text)
    similar = " ".join(_significant_words(text, language))
    return QuestionKeys(_hash_of(exact, language), _hash_of(similar, language))


def _hash_of(text: str, language: Language) -> str:
    return hashlib.sha256(f"{language.code} {text}".encode("utf-8", "surrogatepass")).hexdigest()


def _significant_words(text: str, language: Language) -> list[str]:
    """Return the words that tell what is asked, in their order."""
    rules = language.paraphrases
    text = _with_condition_last(text, rules.condition)
    lower = [_in_lower_case(match[0], match.start()) for match in _TOKEN.finditer(text)]
    spelled = " ".join(rules.spellings.get(word, word) for word in lower)
    for frame, instead in rules.frames:
        spelled = frame.sub(instead, spelled)
    *others, last = spelled.split() or [""]
    # What a question ends with is what it is about: "What does it do?"
    return [_without_plural(word) for word in (*(word for word in others if word not in rules.fillers), last)]


def _in_lower_case(word: str, position: int) -> str:
    """Return the word in lower case, except for a name that only its capitals tell from a common word: US, plan A."""
    lower = word.lower()
    is_name = word.isupper() and words.is_stop_word(lower) and word != "I" and (len(word) > 1 or position > 0)
    return word if is_name else lower


def _with_condition_last(text: str, condition: re.Pattern[str]) -> str:
    """Move a clause in front, such as "For annual plans,", behind the rest."""
    first, comma, rest = text.partition(",")
    if comma and len(first) <= _LONGEST_CONDITION and "," not in rest and condition.match(first):
        return f"{rest.strip()} {first}"
    return text


def _without_plural(word: str) -> str:
    if len(word) < _SHORTEST_PLURAL or not word.endswith("s") or word.endswith(_NO_PLURALS):
        return word
    return word[:-1]
