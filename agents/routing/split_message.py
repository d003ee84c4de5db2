"""Split a message into the questions it asks: "Why is my sync stuck, and when will you bill me?" asks two.

Where the words say so, a message is split without looking at any document. Where one may be split, because both sides
ask for something in some way, the router decides by what the documents say.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from knowledge.retrieval.followups import leans_on_earlier
from knowledge.text import words
from knowledge.text.language import Language
from knowledge.text.languages.english import ENGLISH

# More splits than this would make a long message slow to route, and its parts too short to tell anything.
MAX_CUTS = 8
_LONGEST = 2_000
# Anything shorter is no question by itself: "and how long", "why is that".
_MIN_WORDS = 5
_MIN_CONTENT_WORDS = 2
# A question that the words mark as one may be shorter: "How do I cancel", "how long does it take".
_MIN_MARKED_WORDS = 3
_MIN_MEASURING_WORDS = 4
# Longer introductions are a story, most of which is not about the later questions.
_INTRODUCTION_WORDS = 15
_SUBJECT_WORDS = 6
# Where a pronoun stands for the subject, and how long such a question may be.
_FIRST_WORDS = 5
_MOST_POINTING_WORDS = 4
# "He also asks" is the beginning of a clause, not one by itself.
_MIN_CLAUSE_WORDS = 3
# "Two things:" says nothing of any question.
_MIN_INTRODUCTION_WORDS = 2


@dataclass(frozen=True)
class MessagePart:
    """A question of a message: in the user's words, and as a whole question with the subject from the others."""

    heading: str
    text: str


class _Clause(NamedTuple):
    text: str
    begin: int
    begins_sentence: bool


def marked_questions(message: str, most: int, language: Language = ENGLISH) -> list[str]:
    """Split a message where its words begin another question; what asks nothing stays with the question it leads to."""
    message = " ".join(message.split())
    if len(message) > _LONGEST:
        return [message]
    begins: list[int] = []
    leads_from: int | None = None
    for clause in _clauses(message, language):
        if _is_marked(clause, language):
            begins.append(clause.begin if leads_from is None else leads_from)
            leads_from = None
        elif clause.begins_sentence and leads_from is None:
            leads_from = clause.begin
    begins = [0, *begins[1:most]]
    return [message[begin:end].strip(" ,;") for begin, end in zip(begins, [*begins[1:], len(message)], strict=True)]


def possible_splits(message: str, language: Language = ENGLISH) -> list[tuple[str, str]]:
    """Return every split of a message into two parts that each ask something."""
    message = " ".join(message.split())
    if len(message) > _LONGEST:
        return []
    places = [match.start() for match in language.messages.joint.finditer(message)][:MAX_CUTS]
    pairs = [(message[:place].rstrip(), message[place:].lstrip(", ")) for place in places]
    return [pair for pair in pairs if all(_asks_something(part, language) for part in pair)]


def whole_questions(questions: Sequence[str], language: Language = ENGLISH) -> list[MessagePart]:
    """Make each question of a message one that can be understood alone: with the introduction, or with its subject."""
    if len(questions) == 1:
        return [MessagePart(questions[0], questions[0])]
    introduction, asked = _introduction_of(questions[0], language)
    parts = [_whole_question(introduction, asked, "", language)]
    shared = introduction if _concerns_all(introduction, language) else ""
    for question in questions[1:]:
        own_introduction, own = _introduction_of(question, language)
        leans = not shared and _lacks_subject(own, language)
        subject = _subject_of(introduction, asked, own, language) if leans else ""
        parts.append(_whole_question(f"{shared} {own_introduction}".strip(), own, subject, language))
    return parts


def points_back(text: str, language: Language = ENGLISH) -> bool:
    """Return True if a part points back to the one before: "and does that cost anything?" belongs with it."""
    return leans_on_earlier(language.messages.conjunctions.sub("", text), language)


def _clauses(message: str, language: Language) -> Iterator[_Clause]:
    """Yield the clauses of a message: sentences, and what follows a conjunction within one."""
    begin, begins_sentence, cuts = 0, True, 0
    for match in language.messages.joint.finditer(message):
        before = message[begin : match.start()]
        ends_sentence = match[0] == " " and before[-1:] in ".?!;:"
        last_word = before.rsplit(" ", 1)[-1].rstrip(".").lower()
        if ends_sentence and before.endswith(".") and last_word in language.sentences.abbreviations:
            continue
        if not ends_sentence and len(words.words(before)) < _MIN_CLAUSE_WORDS:
            continue
        yield _Clause(before.strip(" ,"), begin, begins_sentence)
        begin, begins_sentence, cuts = match.start(), ends_sentence, cuts + 1
        if cuts == MAX_CUTS:
            break
    yield _Clause(message[begin:].strip(" ,"), begin, begins_sentence)


def _is_marked(clause: _Clause, language: Language) -> bool:
    """Tell whether a clause is a whole question by its words: by its beginning, or as a sentence by its end."""
    rules = language.messages
    asked = rules.conjunctions.sub("", clause.text)
    is_wish = rules.wish.search(asked) if clause.begins_sentence else rules.wish.match(asked)
    ends_as_question = clause.begins_sentence and clause.text.endswith("?")
    if not (ends_as_question or is_wish or rules.question.match(asked) or rules.inner_question.search(asked)):
        return False
    if any(one.question.search(asked) for one in language.answer_types):
        return len(words.words(asked)) >= _MIN_MEASURING_WORDS
    content = [word for word in words.content_words(asked, language) if word not in language.follow_ups.question_words]
    return bool(content) and len(words.words(asked)) >= _MIN_MARKED_WORDS


def _introduction_of(question: str, language: Language) -> tuple[str, str]:
    """Divide a question into the sentences that lead to it and ask nothing, and the rest."""
    begin = 0
    for clause in _clauses(question, language):
        begin = clause.begin if clause.begins_sentence else begin
        if _is_marked(clause, language):
            return question[:begin].strip(), question[begin:].strip()
    return "", question


def _concerns_all(introduction: str, language: Language) -> bool:
    """Tell whether an introduction is about whoever asks, and so about each question: "We are twelve, on Business."."""
    is_short = 0 < len(words.words(introduction)) <= _INTRODUCTION_WORDS
    return is_short and language.messages.introduction.match(introduction) is not None


def _whole_question(introduction: str, asked: str, subject: str, language: Language) -> MessagePart:
    plain = language.messages.conjunctions.sub("", asked).strip(" ,;:")
    heading = plain[:1].upper() + plain[1:]
    if len(words.content_words(introduction, language)) >= _MIN_INTRODUCTION_WORDS:
        return MessagePart(heading, f"{introduction} {heading}")
    return MessagePart(heading, f"{heading} ({subject})" if subject else heading)


def _lacks_subject(question: str, language: Language) -> bool:
    """Tell whether a question names nothing, or begins with a pronoun for its subject: "how much is it a month"."""
    content = _subject_words(question, language)
    first = words.words(language.follow_ups.empty_pronouns.sub(" ", question.lower()))[:_FIRST_WORDS]
    points = not language.follow_ups.pointers.isdisjoint(first) and len(content) <= _MOST_POINTING_WORDS
    return not content or (points and not _names_in(question, language))


def _subject_of(introduction: str, question: str, text: str, language: Language) -> str:
    """Return what a question is about, without the words of another: the names in it, or else its content words."""
    known = set(words.words(text))
    content = _subject_words(question, language)
    if len(content) < _MIN_CONTENT_WORDS:
        content = _subject_words(f"{introduction} {question}", language)
    about = _names_in(question, language) or content
    return " ".join(word for word in about[:_SUBJECT_WORDS] if word.lower() not in known)


def _names_in(text: str, language: Language) -> list[str]:
    """Return the words that are written like names; the first word of a text always begins with a capital."""
    return [word for word in _subject_words(text.partition(" ")[2], language) if any(map(str.isupper, word))]


def _subject_words(text: str, language: Language) -> list[str]:
    written = [word for word, _ in words.words_with_gaps(text)]
    no_subject = language.stop_words | language.follow_ups.question_words
    return [word for word in written if word.lower() not in no_subject]


def _asks_something(text: str, language: Language) -> bool:
    enough = len(words.words(text)) >= _MIN_WORDS and len(words.content_words(text, language)) >= _MIN_CONTENT_WORDS
    return enough and language.messages.request.search(text) is not None
