"""A second language is one value: whatever reads text takes its words and rules from there."""

import re

from agents.answering.answer_type import wanted_type
from agents.answering.canned_replies import is_courtesy
from agents.caching.question_keys import keys_of
from agents.routing.semantic import asks_for_person
from agents.routing.split_message import possible_splits
from knowledge.retrieval.followups import leans_on_earlier
from knowledge.text.language import AnswerType, FollowUpRules, Language, MessageRules, ParaphraseRules, SentenceRules
from knowledge.text.sentences import find_statements, split_paragraph
from knowledge.text.words import content_words, stems

GERMAN = Language(
    stop_words=frozenset("der die das ist wie ich und wo ein meine".split()),
    find_stem=lambda word: word.removesuffix("en"),
    sentences=SentenceRules(
        abbreviations=frozenset({"z.b", "bzw"}),
        abbreviations_of_numbers=frozenset({"nr"}),
        continuation=re.compile(r"(?:es sei denn|dies)\b", re.IGNORECASE),
    ),
    follow_ups=FollowUpRules(
        opening=re.compile(r"und\b"),
        topic_change=re.compile(r"\bwas ist mit\b"),
        pointers=frozenset({"es"}),
        empty_pronouns=re.compile(r"\bgibt es\b"),
        question_words=frozenset({"lange"}),
    ),
    messages=MessageRules(
        thanks=frozenset({"danke"}),
        courtesies=frozenset({"hallo", "danke"}),
        joint=re.compile(r" (?=und )"),
        conjunctions=re.compile(r"^und "),
        request=re.compile(r"\?|\b(?:wie|wo)\b", re.IGNORECASE),
        person=re.compile(r"\bmit einem menschen\b", re.IGNORECASE),
    ),
    paraphrases=ParaphraseRules(
        fillers=frozenset({"bitte", "die"}),
        spellings={"wos": "wo"},
        frames=((re.compile(r"^sagen sie mir "), ""),),
        condition=re.compile(r"für\b", re.IGNORECASE),
    ),
    answer_types=(AnswerType(re.compile(r"\bwie lange\b"), re.compile(r"\d Tage\b")),),
    no_claim=re.compile(r"\bweiß nicht\b"),
)


def test_words_and_stems_are_those_of_the_language() -> None:
    assert content_words("Wie ist die Rechnung?", GERMAN) == ["rechnung"]
    assert stems("Wie die Rechnungen?", GERMAN) == ["rechnung"]


def test_sentences_end_as_in_the_language() -> None:
    assert split_paragraph("Karten, z.B. Visa, bzw. Bar. Siehe Nr. 5. Ende.", GERMAN) == [
        "Karten, z.B. Visa, bzw. Bar.",
        "Siehe Nr. 5.",
        "Ende.",
    ]
    assert [found.text for found in find_statements("Nimm z.B. Visa. Gut.", GERMAN)] == ["Nimm z.B. Visa.", "Gut."]


def test_paraphrases_are_recognized_in_the_language() -> None:
    asked = keys_of("Wo ist die Rechnung für Pläne?", GERMAN)
    assert keys_of("Für Pläne, bitte sagen Sie mir: wos ist die Rechnung", GERMAN).similar != asked.similar
    assert keys_of("Für Pläne, wos ist Rechnung bitte", GERMAN).similar == asked.similar


def test_messages_are_read_in_the_language() -> None:
    assert leans_on_earlier("und wie lange?", GERMAN)
    assert not leans_on_earlier("Gibt es Rabatt auf Jahrespläne?", GERMAN)
    assert is_courtesy("Hallo, danke!", GERMAN)
    assert asks_for_person("Ich will mit einem Menschen reden", GERMAN)
    assert possible_splits("Wie ändere ich meine Rechnung hier und wo finde ich Hilfe jetzt?", GERMAN) == [
        ("Wie ändere ich meine Rechnung hier", "und wo finde ich Hilfe jetzt?")
    ]
    assert wanted_type("wie lange?", GERMAN)("in 3 Tage")
