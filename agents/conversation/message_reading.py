"""Read a message before anybody answers it: what it wants, its language, and whether it complains.

A message is taken apart into clauses, and each clause into phrases about the conversation (thanks, trouble, a greeting)
and what remains. Whatever remains names a subject, which makes the message a question. So a message that is not
understood is answered from the documents, and only one that says nothing else gets a reply of the desk's own.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from agents.conversation.wordings.lookup import WORDINGS
from knowledge.text import words
from knowledge.text.detection import LANGUAGES, detect_language, plain_text
from knowledge.text.language import Language, PhraseAct
from knowledge.text.languages.english import ENGLISH

MessageAct = Literal[
    "question",
    "person",
    "trouble",
    "anger",
    "help",
    "identity",
    "abilities",
    "wellbeing",
    "presence",
    "farewell",
    "thanks",
    "praise",
    "greeting",
    "agreement",
    "unclear",
]


@dataclass(frozen=True)
class MessageReading:
    """What a turn knows of its message: what it wants, the code of its language, and whether it is to be told sorry."""

    act: MessageAct = "question"
    language: str = ENGLISH.code
    complaint: bool = False

    @property
    def wants_answer(self) -> bool:
        """True if agents are to answer the message, rather than the desk in its own words."""
        return self.act in ("question", "person")


PLAIN_QUESTION = MessageReading()


@dataclass(frozen=True)
class MessageClause:
    """A clause: its phrases about the conversation, the words that name a subject, and how it asks, if it does."""

    acts: frozenset[PhraseAct]
    content: tuple[str, ...]
    asks: Literal["", "openly", "yes or no"]


# In order of precedence: who thanks and reports trouble has a problem.
_REPLIES: tuple[tuple[PhraseAct, MessageAct], ...] = (
    ("trouble", "trouble"),
    ("anger", "anger"),
    ("identity", "identity"),
    ("abilities", "abilities"),
    ("help", "help"),
    ("wellbeing", "wellbeing"),
    ("presence", "presence"),
    ("farewell", "farewell"),
    ("thanks", "thanks"),
    ("praise", "praise"),
    ("resolved", "praise"),
    ("greeting", "greeting"),
    ("agreement", "agreement"),
)
_NO_ACTS: frozenset[PhraseAct] = frozenset({"subject", "filler"})
_KIND: frozenset[PhraseAct] = frozenset({"thanks", "praise", "resolved"})
# They ask in form alone: "are you kidding?", "can you help me?"
_SAID_AS_QUESTIONS: frozenset[PhraseAct] = frozenset({"identity", "abilities", "wellbeing", "presence", "anger"})
_EMOJI: tuple[tuple[PhraseAct, re.Pattern[str]], ...] = (
    ("thanks", re.compile("[\U0001f64f]")),
    ("praise", re.compile("[\U0001f44d\U0001f44c\U0001f600-\U0001f60a\U0001f389\u2764\U0001f4af]")),
    ("anger", re.compile("[\U0001f620\U0001f621\U0001f92c\U0001f44e]")),
)
_REFUSALS = frozenset("no nope nah nein nee non いいえ 結構です".split())
# A clause with more words beside its phrases is about something.
_MOST_UNKNOWN = 6
_MOST_CHARS = 600
_LEAST_SHOUTED = 12
_WORDS_ASKED = re.compile(r"[?\uff1f]")


def read_message(
    message: str,
    earlier: Sequence[str] = (),
    last_answer: str = "",
    is_known: Callable[[str], bool] = lambda word: True,
) -> MessageReading:
    """Read a message after the user's earlier turns and the desk's last answer.

    `is_known` tells whether the documents hold a word.
    """
    language = conversation_language([*earlier, message])
    clauses = [_without_unknown(clause, language, is_known) for clause in read_clauses(message, language)]
    acts = frozenset(act for clause in clauses for act in clause.acts)
    act = _choose_act(message, clauses, language, bool(earlier))
    if asks_for_person(message) or (act == "agreement" and _accepts_person(message, last_answer)):
        act = "person"
    upset = "anger" in acts or ("trouble" in acts and _is_shouted(message))
    return MessageReading(act, language.code, act == "question" and upset and not has_acknowledged(last_answer))


def questions_among(turns: Sequence[str]) -> list[str]:
    """Return those of a user's turns that asked something of the documents, in their order."""
    questions: list[str] = []
    language = ENGLISH
    for place, turn in enumerate(turns):
        language = detect_language(turn, language)
        if _choose_act(turn, read_clauses(turn, language), language, follows=bool(place)) == "question":
            questions.append(turn)
    return questions


def conversation_language(turns: Sequence[str]) -> Language:
    """Return the language of the last of the user's turns, as far as it or those before it tell."""
    language = ENGLISH
    for turn in turns:
        language = detect_language(turn, language)
    return language


def asks_for_person(message: str) -> bool:
    """Return True if the user would rather talk to a person, in any language."""
    return any(language.messages.person.search(message) for language in LANGUAGES)


def has_acknowledged(answer: str) -> bool:
    """Return True if an answer of the desk says that it is sorry."""
    return any(wording.acknowledgement in answer or wording.sorry in answer for wording in WORDINGS.values())


def has_asked_back(answer: str) -> bool:
    """Return True if an answer of the desk is a question, which the next message answers."""
    return has_asked_for_details(answer) or any(wording.help in answer for wording in WORDINGS.values())


def has_asked_for_details(answer: str) -> bool:
    """Return True if an answer of the desk asks what goes wrong or what the user is trying to do."""
    return any(
        asked in answer
        for wording in WORDINGS.values()
        for asked in (wording.ask_back, wording.ask_back_about.partition("{question}")[2], wording.unclear)
    )


def read_clauses(message: str, language: Language) -> list[MessageClause]:
    """Take a message apart into its clauses."""
    plain = plain_text(message[:_MOST_CHARS])
    return [_read_clause(text, mark, language) for text, mark in _split_clauses(plain, language)]


def _split_clauses(plain: str, language: Language) -> Iterator[tuple[str, str]]:
    """Yield the clauses of a text that hold anything, each with the marks behind it."""
    begun = 0
    for end in language.conversation.clause_end.finditer(plain):
        if plain[begun : end.start()].strip():
            yield plain[begun : end.start()], end[0]
        begun = end.end()
    if plain[begun:].strip():
        yield plain[begun:], ""


def _read_clause(text: str, mark: str, language: Language) -> MessageClause:
    rules = language.conversation
    rest, acts = text, set[PhraseAct]()
    for act, pattern in (*rules.phrases, *_EMOJI):
        rest, count = pattern.subn(" ", rest)
        if count:
            acts.add(act)
    content = [word for word in words.content_words(rest, language) if word not in rules.fillers]
    asks: Literal["", "openly", "yes or no"] = ""
    if rules.open_question.search(text):
        asks = "openly"
    elif _WORDS_ASKED.search(mark) or rules.yes_no_question.search(text):
        asks = "yes or no"
    return MessageClause(frozenset(acts), tuple(content), asks)


def _without_unknown(clause: MessageClause, language: Language, is_known: Callable[[str], bool]) -> MessageClause:
    """Drop words that no document holds from a clause that says something without them: "you absolute muppets"."""
    is_social = bool(clause.acts - _NO_ACTS) and not clause.asks and len(clause.content) <= _MOST_UNKNOWN
    if language is not ENGLISH or not is_social or any(map(is_known, clause.content)):
        return clause
    return MessageClause(clause.acts, (), clause.asks)


def _choose_act(message: str, clauses: Sequence[MessageClause], language: Language, follows: bool) -> MessageAct:
    acts = frozenset(act for clause in clauses for act in clause.acts)
    if len(message) > _MOST_CHARS:
        return "question"
    closes = bool(acts & _KIND) and not _WORDS_ASKED.search(message)
    if any(clause.content and not (closes and _is_closing(clause)) for clause in clauses):
        return "question"
    if any(_asks_something(clause, follows) for clause in clauses):
        return "question"
    reply = next((reply for act, reply in _REPLIES if act in acts), None)
    if reply == "greeting" and follows and _WORDS_ASKED.search(message):
        return "presence"
    if reply == "agreement" and any(clause.asks for clause in clauses):
        return "unclear"
    if reply is None:
        return "question" if "subject" in acts or (follows and _points_back(message, language)) else "unclear"
    return reply


def _points_back(message: str, language: Language) -> bool:
    """Return True if a message that names no subject means one that was named before: "the first one"."""
    rules = language.follow_ups
    return bool(rules.pointers.intersection(words.words(message))) or rules.opening.match(message) is not None


def _is_closing(clause: MessageClause) -> bool:
    """Return True if a clause tells that all is well: "thanks, I found the setting"."""
    fine = "resolved" in clause.acts and not clause.acts & {"trouble", "anger"} and not clause.asks
    return fine and not any(letter.isdigit() for word in clause.content for letter in word)


def _asks_something(clause: MessageClause, follows: bool) -> bool:
    """Return True if a clause that names no subject asks all the same: "and why?", "is the service down?"."""
    if not clause.asks or clause.acts & _SAID_AS_QUESTIONS:
        return False
    named = "subject" in clause.acts
    if clause.asks == "openly":
        return named or ("trouble" not in clause.acts and (follows or bool(clause.acts & {"praise", "help"})))
    if clause.acts & {"help", "thanks", "greeting", "farewell"}:
        return False
    return named or bool(clause.acts & {"praise", "resolved"}) or (follows and not clause.acts)


def _accepts_person(message: str, last_answer: str) -> bool:
    offered = any(wording.offer in last_answer for wording in WORDINGS.values())
    return offered and not _REFUSALS.intersection(message.lower().replace(",", " ").replace(".", " ").split())


def _is_shouted(message: str) -> bool:
    letters = [letter for letter in message if letter.isalpha()]
    capitals = sum(letter.isupper() for letter in letters)
    return "!!" in message or (len(letters) >= _LEAST_SHOUTED and capitals > len(letters) / 2)
