"""What depends on the language of questions and documents. A further language is one module with one `Language`.

Text that may come in any language whatever the desk speaks, such as instructions hidden in documents or phone numbers,
is recognized where that is done, in all languages at once.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Words = frozenset[str]
Pattern = re.Pattern[str]


@dataclass(frozen=True, eq=False)
class SentenceRules:
    """The rules for how sentences end and go on.

    A full stop after one of the `abbreviations`, which are in lower case and without that full stop, does not end a
    sentence; after one of the `abbreviations_of_numbers` it ends none if a digit follows. `continuation` matches the
    beginning of a sentence that cannot be understood without the one before it.
    """

    abbreviations: Words
    abbreviations_of_numbers: Words
    continuation: Pattern


@dataclass(frozen=True, eq=False)
class FollowUpRules:
    """The signs of a question that needs the earlier ones, all in lower case.

    `opening` matches the beginning of such a question, `topic_change` what introduces another topic within one.
    `pointers` are pronouns, except where `empty_pronouns` matches: there they refer to nothing. `question_words` are
    no topic by themselves.
    """

    opening: Pattern
    topic_change: Pattern
    pointers: Words
    empty_pronouns: Pattern
    question_words: Words


@dataclass(frozen=True, eq=False)
class MessageRules:
    """The words of messages: thanks and other courtesies, requests, and where one message asks two things.

    `joint` is where a second request may begin, in a text with single spaces; `conjunctions` are the words in front of
    that request. `request` matches in whatever asks for something, `person` in what asks for a human.
    """

    thanks: Words
    courtesies: Words
    joint: Pattern
    conjunctions: Pattern
    request: Pattern
    person: Pattern


@dataclass(frozen=True, eq=False)
class ParaphraseRules:
    """The parts of a question that may differ although it asks the same, all in lower case.

    `fillers` may be left out, except at the end; `spellings` says what some words stand for. `frames` are patterns with
    what each is replaced by, in a text with single spaces. `condition` matches the first word of a clause in front that
    could as well come last.
    """

    fillers: Words
    spellings: Mapping[str, str]
    frames: tuple[tuple[Pattern, str], ...]
    condition: Pattern


@dataclass(frozen=True, eq=False)
class AnswerType:
    """A type of answer, such as a time: what the questions look like that want one, and what it looks like itself."""

    question: Pattern
    answer: Pattern


@dataclass(frozen=True, eq=False)
class Language:
    """A language: the words that carry no topic, the stems of the others, and the rules for sentences and messages.

    `find_stem` gets a word in lower case. `no_claim` matches in a sentence that only says that something is not known.
    """

    stop_words: Words
    find_stem: Callable[[str], str]
    sentences: SentenceRules
    follow_ups: FollowUpRules
    messages: MessageRules
    paraphrases: ParaphraseRules
    answer_types: tuple[AnswerType, ...]
    no_claim: Pattern
