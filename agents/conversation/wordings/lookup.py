"""The desk's sentences by language."""

from agents.conversation.wording import DeskWording
from agents.conversation.wordings.english import ENGLISH_WORDING
from agents.conversation.wordings.french import FRENCH_WORDING
from agents.conversation.wordings.german import GERMAN_WORDING
from agents.conversation.wordings.japanese import JAPANESE_WORDING
from agents.conversation.wordings.spanish import SPANISH_WORDING

# By the codes of `knowledge.text.detection.LANGUAGES`.
WORDINGS: dict[str, DeskWording] = {
    "en": ENGLISH_WORDING,
    "de": GERMAN_WORDING,
    "es": SPANISH_WORDING,
    "fr": FRENCH_WORDING,
    "ja": JAPANESE_WORDING,
}


def wording_of(language: str) -> DeskWording:
    """Return the sentences of a language, by its code; those of English if there are none."""
    return WORDINGS.get(language, ENGLISH_WORDING)
