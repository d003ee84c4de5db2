"""A further language is one value: whatever reads text takes its words and rules from there."""

import re
from dataclasses import replace

import pytest

from agents.caching.question_keys import keys_of
from agents.conversation.message_reading import asks_for_person
from agents.routing.split_message import possible_splits
from knowledge.retrieval.followups import leans_on_earlier
from knowledge.text.answer_type import wanted_type
from knowledge.text.detection import LANGUAGES, detect_language, language_of
from knowledge.text.language import Language, ParaphraseRules
from knowledge.text.languages.english import ENGLISH
from knowledge.text.languages.french import FRENCH
from knowledge.text.languages.german import GERMAN
from knowledge.text.languages.japanese import JAPANESE
from knowledge.text.languages.spanish import SPANISH
from knowledge.text.sentences import find_statements, split_paragraph
from knowledge.text.words import content_words, stems


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
    rules = ParaphraseRules(
        fillers=frozenset({"bitte", "die"}),
        spellings={"wos": "wo"},
        frames=((re.compile(r"^sagen sie mir "), ""),),
        condition=re.compile(r"für\b", re.IGNORECASE),
    )
    german = replace(GERMAN, paraphrases=rules)
    asked = keys_of("Wo ist die Rechnung für Pläne?", german)
    assert keys_of("Für Pläne, bitte sagen Sie mir: wos ist die Rechnung", german).similar != asked.similar
    assert keys_of("Für Pläne, wos ist Rechnung bitte", german).similar == asked.similar


def test_messages_are_read_in_the_language() -> None:
    assert leans_on_earlier("und wie lange?", GERMAN)
    assert leans_on_earlier("et pour les invités ?", FRENCH)
    assert leans_on_earlier("¿y en Android?", SPANISH)
    assert not leans_on_earlier("Gibt es Rabatt auf Jahrespläne?", GERMAN)
    assert possible_splits("Wie storniere ich meine Rechnung hier und wo finde ich Hilfe zum Konto?", GERMAN) == [
        ("Wie storniere ich meine Rechnung hier", "und wo finde ich Hilfe zum Konto?")
    ]
    assert wanted_type("wie lange?", GERMAN)("in 3 Tagen")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How do I cancel my subscription?", ENGLISH),
        ("Wie kündige ich mein Abo?", GERMAN),
        ("Kann ich per Rechnung zahlen", GERMAN),
        ("Wie aktiviere ich two-factor authentication?", GERMAN),
        ("¿Cómo cancelo mi suscripción?", SPANISH),
        ("donde puedo descargar la factura", SPANISH),
        ("Comment résilier mon abonnement ?", FRENCH),
        ("je ne trouve pas la facture", FRENCH),
        ("解約するにはどうすればいいですか", JAPANESE),
        ("Waar kan ik mijn factuur vinden?", ENGLISH),
        ("NB-4033", ENGLISH),
        ("Red Hat OpenShift", ENGLISH),
        ("", ENGLISH),
    ],
)
def test_the_language_of_a_message_is_told(text: str, language: Language) -> None:
    assert detect_language(text) is language


def test_a_message_that_tells_nothing_is_in_the_language_of_the_conversation() -> None:
    assert detect_language("ok", GERMAN) is GERMAN
    assert detect_language("NB-4033", FRENCH) is FRENCH
    assert detect_language("How do I cancel it?", GERMAN) is ENGLISH


def test_languages_are_known_by_their_codes() -> None:
    assert [language_of(language.code) for language in LANGUAGES] == list(LANGUAGES)
    assert language_of("xx") is ENGLISH


@pytest.mark.parametrize(
    "message",
    [
        "I want to talk to a person",
        "Ich will mit einem Menschen reden",
        "Quiero hablar con un agente",
        "Je veux parler à quelqu'un",
        "人間と話したいです",
    ],
)
def test_a_person_is_asked_for_in_every_language(message: str) -> None:
    assert asks_for_person(message)


@pytest.mark.parametrize(
    "message",
    ["Wie ändere ich die Person auf der Rechnung?", "une personne a quitté l'entreprise", "担当者を変更する方法"],
)
def test_who_mentions_a_person_does_not_ask_for_one(message: str) -> None:
    assert not asks_for_person(message)
