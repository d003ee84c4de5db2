"""What depends on the language of questions and documents. A further language is one module with one `Language`.

Text that may come in any language whatever the desk speaks, such as instructions hidden in documents or phone numbers,
is recognized where that is done, in all languages at once.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

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
    no topic by themselves. `known_thing` matches where something is spoken of as known ("the link"), `statement` at the
    beginning of a sentence that states something.
    """

    opening: Pattern
    topic_change: Pattern
    pointers: Words
    empty_pronouns: Pattern
    question_words: Words
    known_thing: Pattern
    statement: Pattern


# What a phrase does in a conversation, beside asking about a subject. `resolved` says that a problem is gone; `subject`
# is a word for the whole product or desk, which names no subject by itself but makes a question of "is it down?".
PhraseAct = Literal[
    "identity",
    "presence",
    "wellbeing",
    "abilities",
    "trouble",
    "anger",
    "thanks",
    "help",
    "farewell",
    "greeting",
    "resolved",
    "praise",
    "agreement",
    "subject",
    "filler",
]


Phrases = tuple[tuple[PhraseAct, Pattern], ...]


@dataclass(frozen=True, eq=False)
class ConversationRules:
    """The phrases of messages that are about the conversation itself, in lower case and without accents.

    `phrases` are tried in their order, and each takes out of the text what it matches. `fillers` are the other words
    that name no subject, beside the stop words. `clause_end` separates the clauses of a message; `open_question`
    (how, what, when) and `yes_no_question` match in clauses that ask.
    """

    phrases: Phrases
    fillers: Words
    clause_end: Pattern
    open_question: Pattern
    yes_no_question: Pattern


# Matches nothing: a language that has no such rule.
NO_MATCH = re.compile(r"[^\w\W]")


@dataclass(frozen=True, eq=False, kw_only=True)
class MessageRules:
    """Where a message asks two things, and what asks for something or for somebody.

    `joint` is where a second request may begin, in a text with single spaces; `conjunctions` are the words in front of
    that request. `request` matches in whatever asks for something, `question` the beginning of a clause that is a
    question by its first words, `inner_question` where a question begins within one, `wish` in a sentence that asks
    without being a question, `introduction` the beginning of one that is about whoever asks, `person` in what asks for
    a human.
    """

    joint: Pattern
    conjunctions: Pattern
    request: Pattern
    question: Pattern = NO_MATCH
    inner_question: Pattern = NO_MATCH
    wish: Pattern = NO_MATCH
    introduction: Pattern = NO_MATCH
    person: Pattern


class Equivalents(NamedTuple):
    """Phrases that users say, and those that documents may say instead, all in lower case.

    `found` has no phrase whose words without stop words are also those of its opposite, such as "turn off"."""

    asked: tuple[str, ...]
    found: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ParaphraseRules:
    """The parts of a question that may differ although it asks the same, all in lower case.

    `fillers` may be left out, except at the end; `spellings` says what some words stand for. `frames` are patterns with
    what each is replaced by, in a text with single spaces. `condition` matches the first word of a clause in front that
    could as well come last. Without any rules, only the same words ask the same.
    """

    fillers: Words = frozenset()
    spellings: Mapping[str, str] = field(default_factory=dict)
    frames: tuple[tuple[Pattern, str], ...] = ()
    condition: Pattern = NO_MATCH


@dataclass(frozen=True, eq=False)
class AnswerType:
    """A type of answer, such as a time: what the questions look like that want one, and what it looks like itself."""

    question: Pattern
    answer: Pattern


@dataclass(frozen=True, eq=False)
class Language:
    """A language: the words that carry no topic, the stems of the others, and the rules for sentences and messages.

    `code` is that of ISO 639-1. `find_stem` gets a word in lower case. `opposites` match, in lower case, in what goes
    one way and in what goes the other: on and off, before and after. `pointer` matches a sentence that only points to
    another page, `no_claim` in a sentence that only says that something is not known. `letters` are written in no other
    language that is told apart. `equivalents` count less than the words themselves. `calendar` are the names of days
    and months.
    """

    code: str
    stop_words: Words
    find_stem: Callable[[str], str]
    sentences: SentenceRules
    follow_ups: FollowUpRules
    messages: MessageRules
    answer_types: tuple[AnswerType, ...]
    no_claim: Pattern
    conversation: ConversationRules
    paraphrases: ParaphraseRules = ParaphraseRules()
    letters: str = ""
    equivalents: tuple[Equivalents, ...] = ()
    calendar: Words = frozenset()
    opposites: tuple[tuple[Pattern, Pattern], ...] = ()
    pointer: Pattern = NO_MATCH


def one_of(phrases: str) -> str:
    """Return a pattern of words separated by white space, in which `_` stands for the space within a phrase."""
    return f"(?:{'|'.join(phrase.replace('_', ' ') for phrase in phrases.split())})"
