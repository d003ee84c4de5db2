"""The language of a message, told by its letters, stop words and phrases; an unknown one counts as English."""

import re
import unicodedata

from knowledge.text import words
from knowledge.text.language import Language
from knowledge.text.languages.english import ENGLISH
from knowledge.text.languages.french import FRENCH
from knowledge.text.languages.german import GERMAN
from knowledge.text.languages.japanese import JAPANESE
from knowledge.text.languages.spanish import SPANISH

LANGUAGES = (ENGLISH, GERMAN, SPANISH, FRENCH, JAPANESE)
_BY_CODE = {language.code: language for language in LANGUAGES}
_SPACED = (ENGLISH, GERMAN, SPANISH, FRENCH)
# More than this tells nothing more about the language.
_CHARS_READ = 400
_LETTER_WEIGHT, _PHRASE_WEIGHT = 1.5, 0.75
_LEAST_SCORE = 0.75
_LEAST_BY_WORDS = 1.5
# Words that people write in all of these languages.
_INTERNATIONAL = frozenset("hello hey hi no ok okay".split())
_KANA = re.compile(r"[\u3041-\u30ff]")
_ACCENTS = re.compile(r"[\u0300-\u036f]")
# These stand in messages of every language.
_TELLING_NOTHING = frozenset({"agreement", "subject", "filler"})


def language_of(code: str) -> Language:
    """Return the language of a code; English if it is not known."""
    return _BY_CODE.get(code, ENGLISH)


def detect_language(text: str, usual: Language = ENGLISH) -> Language:
    """Return the language of a message, or the usual one of the conversation if its words could be of several."""
    text = text[:_CHARS_READ]
    if _KANA.search(text):
        return JAPANESE
    said = [word for word in words.words(text) if word not in _INTERNATIONAL]
    plain = plain_text(text)
    scores = {language: _score(language, said, plain, text.lower()) for language in _SPACED}
    best = max(scores.values())
    nearest = [language for language, score in scores.items() if score == best]
    if best < _LEAST_SCORE or usual in nearest:
        return usual
    return nearest[0]


def plain_text(text: str) -> str:
    """Return a text in lower case with typographic apostrophes made plain, and without the accents of Latin letters."""
    decomposed = unicodedata.normalize("NFKD", text.lower().replace("\u2019", "'"))
    return unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed))


def _score(language: Language, said: list[str], plain: str, lowered: str) -> float:
    shared = (sum(word in other.stop_words for other in _SPACED) for word in said if word in language.stop_words)
    phrases = sum(
        pattern.search(plain) is not None
        for act, pattern in language.conversation.phrases
        if act not in _TELLING_NOTHING
    )
    letters = any(letter in lowered for letter in language.letters)
    by_words = sum(1 / count for count in shared)
    # A single stop word may as well be a name: "Red Hat".
    if language is not ENGLISH and not phrases and not letters and by_words < _LEAST_BY_WORDS:
        return 0.0
    return by_words + _PHRASE_WEIGHT * phrases + _LETTER_WEIGHT * letters
